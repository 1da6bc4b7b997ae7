// Gives the pages the list of runs in saved_models/, and their files. The development server reads the
// directory for each request. A build copies the files that the pages need into dist/.
import {cpSync, createReadStream, existsSync, readdirSync, readFileSync, statSync} from 'node:fs';
import {join, relative, resolve, sep} from 'node:path';

const LIST = 'saved_models/index.json';
// The files of a run that a page reads. A build does not publish checkpoints, Python's formats, or run.json,
// which contains paths of the machine.
const PAGE_FILES = [
  'model.json', 'graph_model', 'graph_model_float16', 'text_data.json', 'epochs.json',
  'decoder', 'encoder', 'image_data.json', 'test_images.json', 'test_images.bin',
  'formation.json', 'formation.png',
];
// Large weights are split into several files.
const WEIGHTS = /^weights(-\d+of\d+)?\.bin$/;

/** Return the app of a run, or null if its run.json is damaged. */
function readApp(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).app ?? null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Return the directory of graph models for the pages: float16 if the run has it. */
const graphDirectory = (directory) =>
  existsSync(join(directory, 'graph_model_float16')) ? 'graph_model_float16' : 'graph_model';

/** Return {path, app, graph} of every finished run below a directory, with paths relative to it. */
export function findRuns(root) {
  const runs = [];
  const visit = (directory) => {
    const file = join(directory, 'run.json');
    if (existsSync(file)) {
      const path = relative(root, directory).replaceAll('\\', '/');
      runs.push({path, app: readApp(file), graph: graphDirectory(directory)});
      return;
    }
    for (const entry of readdirSync(directory, {withFileTypes: true})) {
      // A run in training; the first version of this project called it .unfinished.
      const partial = /^\.|\.(training|unfinished)$/.test(entry.name);
      if (entry.isDirectory() && !partial) visit(join(directory, entry.name));
    }
  };
  if (existsSync(root)) visit(root);
  return runs.sort((a, b) => a.path.localeCompare(b.path));
}

export function savedModels() {
  const root = resolve(process.env.SAVED_MODELS ?? 'saved_models');
  let outDir;
  return {
    name: 'saved-models',
    configResolved(config) {
      outDir = resolve(config.build.outDir);
    },
    configureServer(server) {
      server.middlewares.use(`/${LIST}`, (request, response) => {
        response.setHeader('Content-Type', 'application/json');
        response.end(JSON.stringify(findRuns(root)));
      });
      server.middlewares.use('/saved_models', (request, response, next) => {
        const file = resolve(join(root, decodeURIComponent(request.url.split('?')[0])));
        const inside = file.startsWith(root + sep) && existsSync(file) && statSync(file).isFile();
        return inside ? createReadStream(file).pipe(response) : next();
      });
    },
    generateBundle() {
      this.emitFile({type: 'asset', fileName: LIST, source: JSON.stringify(findRuns(root))});
    },
    closeBundle() {
      for (const {path} of findRuns(root)) {
        for (const name of readdirSync(join(root, path))) {
          if (PAGE_FILES.includes(name) || WEIGHTS.test(name)) {
            const to = join(outDir, 'saved_models', path, name);
            cpSync(join(root, path, name), to, {recursive: true});
          }
        }
      }
      const corpora = join(root, 'corpora');
      if (existsSync(corpora)) {
        cpSync(corpora, join(outDir, 'saved_models/corpora'), {recursive: true});
      }
    },
  };
}
