// Headless Chromium for the tests.
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

/** Connect to the browser of browser_server.mjs if it runs, else launch one. */
export function openBrowser(executablePath) {
  const address = process.env.BROWSER_SERVER;
  return address ? chromium.connect(address) : chromium.launch({executablePath, args: ARGS});
}

export const launchServer = (executablePath) => chromium.launchServer({executablePath, args: ARGS});
