// Runs one scenario of text_page.mjs, vae_page.mjs or index_page.mjs in a new page.
const PATHS = {text: 'lstm_text_generation/web/', vae: 'fashion_mnist_vae/web/', index: ''};

/** Return the scenario's answer, the errors on the console, and the requests to other sites. */
export default async function drive(browser, origin, app, scenario, argument) {
  const context = await browser.newContext({acceptDownloads: true});
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const [errors, outside] = [[], []];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  page.on('dialog', (dialog) => dialog.accept());
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !/^(data|blob):/.test(url)) outside.push(url);
  });
  const {[scenario]: run} = await import(`./${app}_page.mjs`);
  const open = (query = '') => page.goto(`${origin}/${PATHS[app]}index.html${query}`);
  try {
    return {answer: (await run({page, open, origin}, argument)) ?? null, errors, outside};
  } catch (error) {
    const status = await page.textContent('#status', {timeout: 1000}).catch(() => 'none');
    throw new Error(`${scenario}\nstatus: ${status}\n${errors.join('\n')}`, {cause: error});
  } finally {
    await context.close();
  }
}
