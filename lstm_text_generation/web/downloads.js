// Downloads a model as two files, like `downloads://` of TensorFlow.js.

const KEEP_URL = 60_000; // milliseconds, because a browser may start a download late

/** Return the files of a model as [name, content]. */
function filesOf(name, artifacts) {
  const {modelTopology, weightSpecs, weightData, userDefinedMetadata} = artifacts;
  // Leave out the optimizer's state, which comes last, because other programs cannot use it.
  const weights = weightSpecs.filter((spec) => spec.group !== 'optimizer');
  const size = weights.reduce((sum, {shape}) => sum + 4 * shape.reduce((product, side) => product * side, 1), 0);
  const content = {
    modelTopology,
    format: 'layers-model',
    generatedBy: 'TensorFlow.js 4.22.0',
    convertedBy: null,
    weightsManifest: [{paths: [`${name}.weights.bin`], weights}],
    userDefinedMetadata,
  };
  return [
    [`${name}.json`, new Blob([JSON.stringify(content)], {type: 'application/json'})],
    [`${name}.weights.bin`, new Blob([weightData].flat()).slice(0, size)],
  ];
}

/** Download a model. */
export function downloadFiles(name, artifacts) {
  for (const [file, blob] of filesOf(name, artifacts)) {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(blob);
    link.download = file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), KEEP_URL);
  }
}
