// A page's state: one object, from which the page is rendered.
import {signal} from '@preact/signals';

/**
 * Return {state, update, say, attempt, runExclusive}.
 *
 * `state.value` is the state. A component that reads it renders again when it changes. `update` changes
 * some fields, and `say` changes the status message. `attempt` and `runExclusive` run an action of the user.
 *
 * @param initial the fields, to which `status` ({text, isError}) and `busy` are added.
 */
export function createStore(initial) {
  const state = signal({status: {text: '', isError: false}, busy: false, ...initial});
  const update = (changes) => {
    state.value = {...state.value, ...changes};
  };
  const say = (text) => update({status: {text, isError: false}});

  /** Run work and return its result. An error becomes the status message. */
  async function attempt(work) {
    try {
      return await work();
    } catch (error) {
      update({status: {text: error.message, isError: true}});
    }
  }

  /** Run work that must not overlap with other work. */
  async function runExclusive(work) {
    if (state.value.busy) return say('Wait until the current work is done, or stop it.');
    update({busy: true, status: {text: '', isError: false}}); // clear the old error
    await attempt(work);
    update({busy: false});
  }
  return {state, update, say, attempt, runExclusive};
}
