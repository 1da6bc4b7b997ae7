import {defineConfig} from 'vite';

import {licences} from './web/licences_plugin.js';
import {savedModels} from './web/saved_models_plugin.js';

// TensorFlow.js repeats its licence above each module; web/licences_plugin.js ships it once.
const output = {comments: false};

const jsx = {runtime: 'automatic', importSource: 'preact'};

export default defineConfig({
  appType: 'mpa', // a missing file is a 404, not a page
  base: './', // so that dist/ works in any directory of any file host
  oxc: {jsx},
  plugins: [savedModels(), licences()],
  server: {host: '127.0.0.1', watch: {ignored: ['**/.venv*/**', '**/saved_models/**', '**/build/**']}},
  preview: {host: '127.0.0.1'},
  optimizeDeps: {entries: ['index.html', '*/web/index.html'], rolldownOptions: {transform: {jsx}}},
  worker: {format: 'es', rolldownOptions: {output}},
  build: {
    chunkSizeWarningLimit: 4000, // TensorFlow.js is that large
    rolldownOptions: {
      output,
      checks: {pluginTimings: false},
      input: ['index.html', 'fashion_mnist_vae/web/index.html', 'lstm_text_generation/web/index.html'],
    },
  },
});
