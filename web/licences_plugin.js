// Writes the licences of the pages' libraries to licences.txt.
import {readdirSync, readFileSync} from 'node:fs';

/** Return the text of a package's licence. */
function licenceOf(name) {
  const directory = `node_modules/${name}`;
  const file = readdirSync(directory).find((entry) => /^licen[cs]e/i.test(entry));
  const {license, version} = JSON.parse(readFileSync(`${directory}/package.json`, 'utf8'));
  // TensorFlow.js packages do not contain their licence, which is the same as this project's.
  const text = readFileSync(file ? `${directory}/${file}` : 'LICENSE', 'utf8');
  return `${name} ${version}: ${license}\n\n${text}`;
}

export function licences() {
  return {
    name: 'licences',
    generateBundle() {
      const {dependencies} = JSON.parse(readFileSync('package.json', 'utf8'));
      const source = Object.keys(dependencies).map(licenceOf).join('\n\n');
      this.emitFile({type: 'asset', fileName: 'licences.txt', source});
    },
  };
}
