// Models that this browser keeps, and a text of the user's own to read.
import {Button} from '../../web/components.jsx';
import {deleteKept, download, keep, loadKept} from './models.js';
import {run, say, state, update} from './state.js';
import {readText, writeFromSeed} from './text.js';

/** Load a model that this browser keeps, and let it write. */
async function open(name) {
  await loadKept(name);
  await writeFromSeed();
}

/** Keep, load, delete and download models. */
export function ModelsPanel({start}) {
  const {kept, model} = state.value;
  const noModel = model ? '' : 'Load or create a model first.';
  return (
    <>
      <p class="learn">
        This browser can keep models, in IndexedDB. A download has the two files of a TensorFlow.js
        model, which Python reads, too.
      </p>
      <div class="controls">
        <Button id="keep" reason={noModel} onRefuse={say} onClick={() => run(keep)}>Keep the present model</Button>
        <Button id="download" reason={noModel} onRefuse={say} onClick={() => run(download)}>Download the present model</Button>
      </div>
      <h3>Kept in this browser</h3>
      {kept.length === 0 && <p>No model yet.</p>}
      <ul id="kept">
        {kept.map(({name, date}) => (
          <li key={name} class="controls">
            <span><b>{name}</b>, kept {date}</span>
            <button type="button" class="load-kept" aria-label={`Load ${name}`} onClick={() => start(() => open(name))}>Load</button>
            <button type="button" class="delete-kept" aria-label={`Delete ${name}`} onClick={() => run(() => deleteKept(name))}>Delete</button>
          </li>
        ))}
      </ul>
    </>
  );
}

/** A text to read instead of to write. */
export function TextPanel({start}) {
  const {model, readText: text} = state.value;
  return (
    <>
      <p class="learn">
        Paste a text that the model did not write. It reads the text and shades each character by its
        surprise. Where is the model surprised: at the first letter of a word, or at the last?
      </p>
      <label class="wide">
        Text to read
        <textarea id="read-text" rows={4} value={text} onInput={(event) => update({readText: event.currentTarget.value})} />
      </label>
      <Button id="read" reason={model ? '' : 'Load or create a model first.'} onRefuse={say} onClick={() => start(() => readText(state.value.readText))}>
        Read this text
      </Button>
    </>
  );
}
