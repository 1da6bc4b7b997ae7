import {defineConfig} from 'vite';

import {licences} from './web/licences_plugin.js';
import {savedModels} from './web/saved_models_plugin.js';

// Drop the licence comment of each TensorFlow.js module, because web/licences_plugin.js writes it once.
const output = {comments: false};

const jsx = {runtime: 'automatic', importSource: 'preact'};

export default defineConfig({
  appType: 'mpa', // answer 404 for a missing file
  base: './', // so that dist/ works in any directory of a host
  oxc: {jsx},
  plugins: [savedModels(), licences()],
  server: {host: '127.0.0.1', watch: {ignored: ['**/.venv*/**', '**/saved_models/**', '**/build/**']}},
  preview: {host: '127.0.0.1'},
  optimizeDeps: {entries: ['index.html', '*/web/index.html'], rolldownOptions: {transform: {jsx}}},
  worker: {format: 'es', rolldownOptions: {output}},
  build: {
    chunkSizeWarningLimit: 4000, // KB; TensorFlow.js is large
    rolldownOptions: {
      output,
      checks: {pluginTimings: false},
      input: ['index.html', 'fashion_mnist_vae/web/index.html', 'lstm_text_generation/web/index.html'],
    },
  },
});
