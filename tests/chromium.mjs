// How the tests start a browser of the Chromium family, headless.
import {chromium} from 'playwright-core';

const ARGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--enable-unsafe-swiftshader', // WebGL without a graphics card
];

export const launch = (executablePath) => chromium.launch({executablePath, args: ARGS});
