// The chart of the next character's probabilities (the book's figure 10.3, live).
import {atTemperature} from './sampling.js';

const SIGNS = {' ': '\u2423', '\n': '\u21b5', '\t': '\u21e5', '\r': '\u240d'};

/** A bar for each character, which writes it when it is clicked. */
export class Bars {
  /**
   * @param container the element that holds them.
   * @param onWrite called with the index of a character that was clicked.
   */
  constructor(container, onWrite) {
    this.container = container;
    this.onWrite = onWrite;
    this.clear();
  }

  clear() {
    this.probabilities = null;
    this.names = [];
    this.container.replaceChildren();
  }

  show(probabilities, charSet, temperature) {
    this.probabilities = probabilities;
    const names = charSet.map((character) => SIGNS[character] ?? character);
    // The same bars stay, so that the keyboard's focus does.
    if (names.join() !== this.names.join()) {
      this.names = names;
      this.container.replaceChildren(...names.map((name, index) => {
        const bar = document.createElement('button');
        bar.textContent = name;
        bar.addEventListener('click', () => this.onWrite(index));
        return bar;
      }));
    }
    this.follow(temperature);
  }

  /** Show the same probabilities at another temperature. */
  follow(temperature) {
    if (!this.probabilities) return;
    const heights = atTemperature(this.probabilities, temperature);
    const largest = Math.max(...heights);
    [...this.container.children].forEach((bar, i) => {
      bar.style.setProperty('--height', `${(75 * heights[i]) / largest}%`);
      bar.title = `${this.names[i]}: ${(100 * heights[i]).toFixed(2)}%`;
      bar.setAttribute('aria-label', bar.title);
      bar.dataset.probability = heights[i];
    });
  }
}
