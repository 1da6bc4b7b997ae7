// A page's state: one object, from which one function renders the page.
import {signal} from '@preact/signals';

/**
 * Return {state, update, say, attempt, run}.
 *
 * `state.value` is the state; a component that reads it renders again when it changes. `update`
 * changes some of its fields, `say` the status message. `attempt` and `run` do one of the user's actions.
 *
 * @param initial the fields; `status` ({text, isError}) and `busy` are added.
 */
export function createStore(initial) {
  const state = signal({status: {text: '', isError: false}, busy: false, ...initial});
  const update = (changes) => {
    state.value = {...state.value, ...changes};
  };
  const say = (text) => update({status: {text, isError: false}});

  /** Do work and return its result. An error becomes the status message. */
  async function attempt(work) {
    try {
      return await work();
    } catch (error) {
      update({status: {text: error.message, isError: true}});
    }
  }

  /** Do work that must not overlap with other work. */
  async function run(work) {
    if (state.value.busy) return say('Wait until the present work is done, or stop it.');
    update({busy: true, status: {text: '', isError: false}}); // an old error is no longer true
    await attempt(work);
    update({busy: false});
  }
  return {state, update, say, attempt, run};
}
