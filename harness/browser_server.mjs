// usage: node browser_server.mjs CHROMIUM
// Launches a browser for many tests, because a launch takes seconds. Prints the address for
// BROWSER_SERVER, and runs until stdin closes.
import {launchServer} from './chromium.mjs';

const server = await launchServer(process.argv[2]);
console.log(server.wsEndpoint());
process.stdin.resume().on('end', () => server.close().then(() => process.exit()));
