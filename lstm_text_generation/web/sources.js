// What the page can learn from or load: texts by name, a text of one's own, and runs.
import {guarded} from '../../web/site.js';
import {TEXT_DATA_URLS} from './corpora.js';

const OWN = 'own:';

/** A short name for a text (the original's hashCode). */
export function hash(text) {
  let value = 5381;
  for (let i = text.length - 1; i >= 0; i--) value = ((value * 33) ^ text.charCodeAt(i)) >>> 0;
  return value;
}

/** List the texts and the runs in a select; its values are `kind:name`. */
export function listSources(select, runs) {
  const group = (label, kind, names) => {
    const options = document.createElement('optgroup');
    options.label = label;
    options.append(...names.map((name) => new Option(name, `${kind}:${name}`)));
    return options;
  };
  select.replaceChildren(
    group('Texts', 'text', Object.keys(TEXT_DATA_URLS)),
    new Option('My own text, below', OWN),
    ...(runs.length ? [group('Models trained in Python', 'run', runs)] : []),
  );
}

/** Choose one's own text in the select as soon as one is typed, pasted or dropped. */
export function listenForText(field, select) {
  field.addEventListener('input', () => (select.value = OWN));
  field.addEventListener('dragover', (event) => {
    event.preventDefault();
    field.classList.add('over');
  });
  field.addEventListener('dragleave', () => field.classList.remove('over'));
  field.addEventListener('drop', (event) => {
    field.classList.remove('over');
    const [file] = event.dataTransfer.files;
    if (!file) return; // dropped text goes in by itself
    event.preventDefault();
    guarded(async () => {
      field.value = await file.text();
      select.value = OWN;
    });
  });
}
