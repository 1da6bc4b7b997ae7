// usage: node chromium.mjs CHROMIUM
// Launches a headless browser and runs scripts with it, one by one, because a launch takes seconds.
// Reads lines of JSON, [script, ...arguments], from stdin. Calls the script's default function with the
// browser and the arguments, and prints a line of JSON: {answer} or {error}.
import {createInterface} from 'node:readline';
import {inspect} from 'node:util';

import {chromium} from 'playwright-core';

const MINUTES = 10;
const ARGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--enable-unsafe-swiftshader', // WebGL without a graphics card
];

const browser = await chromium.launch({executablePath: process.argv[2], args: ARGS});
browser.on('disconnected', () => process.exit());
for await (const line of createInterface({input: process.stdin})) {
  const [script, ...args] = JSON.parse(line);
  const timer = setTimeout(() => {
    console.error(`${script} has run for ${MINUTES} minutes`);
    process.exit(1);
  }, MINUTES * 60_000);
  try {
    const {default: run} = await import(script);
    console.log(JSON.stringify({answer: (await run(browser, ...args)) ?? null}));
  } catch (error) {
    console.log(JSON.stringify({error: inspect(error)}));
  }
  clearTimeout(timer);
}
await browser.close();
