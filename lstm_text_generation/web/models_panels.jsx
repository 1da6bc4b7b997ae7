// The tabs Models and Read a text.
import {Button} from '../../web/components.jsx';
import {deleteKept, download, keep, loadKept} from './models.js';
import {NO_MODEL, runExclusive, say, state, update} from './state.js';
import {readText, writeFromSeed} from './text.js';

/** Load a kept model, and let it write. */
async function open(name) {
  await loadKept(name);
  await writeFromSeed();
}

/** Keep, load, delete and download models. */
export function ModelsPanel({start}) {
  const {kept, model} = state.value;
  const noModel = model ? '' : NO_MODEL;
  return (
    <>
      <p class="learn">
        This browser can keep models, in IndexedDB. A download is the two files of a TensorFlow.js
        model, which Python can read.
      </p>
      <div class="controls">
        <Button id="keep" reason={noModel} onRefuse={say} onClick={() => runExclusive(keep)}>Keep this model</Button>
        <Button id="download" reason={noModel} onRefuse={say} onClick={() => runExclusive(download)}>Download this model</Button>
      </div>
      <h3>Kept in this browser</h3>
      {kept.length === 0 && <p>No model yet.</p>}
      <ul id="kept">
        {kept.map(({name, date}) => (
          <li key={name} class="controls">
            <span><b>{name}</b>, kept {date}</span>
            <button type="button" class="load-kept" aria-label={`Load ${name}`} onClick={() => start(() => open(name))}>Load</button>
            <button type="button" class="delete-kept" aria-label={`Delete ${name}`} onClick={() => runExclusive(() => deleteKept(name))}>Delete</button>
          </li>
        ))}
      </ul>
    </>
  );
}

/** A field for a text that the model reads. */
export function TextPanel({start}) {
  const {model, readText: text} = state.value;
  return (
    <>
      <p class="learn">
        Paste a text. The model reads it, and the page colours each character by the model's surprise.
        Is the surprise larger at the first letter of a word or at the last letter?
      </p>
      <label class="wide">
        Text to read
        <textarea id="read-text" rows={4} value={text} onInput={(event) => update({readText: event.currentTarget.value})} />
      </label>
      <Button id="read" reason={model ? '' : NO_MODEL} onRefuse={say} onClick={() => start(() => readText(state.value.readText))}>
        Read this text
      </Button>
    </>
  );
}
