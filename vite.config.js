import {defineConfig} from 'vite';

import {savedModels} from './web/saved_models_plugin.js';

export default defineConfig({
  appType: 'mpa', // a missing file is a 404, not a page
  base: './', // so that dist/ works in any directory of any file host
  oxc: {jsx: {runtime: 'automatic', importSource: 'preact'}},
  plugins: [savedModels()],
  server: {host: '127.0.0.1', watch: {ignored: ['**/.venv*/**', '**/saved_models/**', '**/build/**']}},
  preview: {host: '127.0.0.1'},
  optimizeDeps: {entries: ['index.html', '*/web/index.html']},
  worker: {format: 'es'},
  build: {
    chunkSizeWarningLimit: 4000, // TensorFlow.js is that large
    rollupOptions: {
      input: ['index.html', 'fashion_mnist_vae/web/index.html', 'lstm_text_generation/web/index.html'],
    },
  },
});
