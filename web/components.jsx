// What both pages are built from.
import {useLayoutEffect, useRef, useState} from 'preact/hooks';

import {numberError} from './numbers.js';

/** The status line. Screen readers speak each new message once. */
export function Status({status}) {
  return <p id="status" role="status" class={status.isError ? 'error' : ''}>{status.text}</p>;
}

/**
 * A button. With a `reason` it cannot be used now: a click says the reason. It is not `disabled`,
 * because a disabled button loses the focus and hides its reason.
 */
export function Button({reason = '', onClick, onRefuse, children, ...others}) {
  return (
    <button
      type="button"
      aria-disabled={reason ? 'true' : undefined}
      {...others}
      title={reason || others.title}
      onClick={reason ? () => onRefuse?.(reason) : onClick}
    >
      {children}
    </button>
  );
}

/**
 * A field for a number; what is wrong with it stands below it for as long as it is wrong.
 *
 * @param spec see `readNumber`.
 */
export function NumberField({id, label, value, spec, onInput}) {
  const error = numberError(value, spec);
  return (
    <label>
      {label}
      <input
        id={id} class="short" value={value} inputMode="decimal" autocomplete="off"
        aria-invalid={error ? 'true' : undefined} aria-describedby={error ? `${id}-error` : undefined}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      {error && <span id={`${id}-error`} class="field-error">{error}</span>}
    </label>
  );
}

/** A slider whose number stands beside its label. */
export function Slider({id, label, value, min, max, step, shown = value, onInput, ...others}) {
  return (
    <label>
      <span>{label} <output id={`${id}-value`} aria-live="off">{shown}</output></span>
      <input
        id={id} type="range" min={min} max={max} step={step} value={value}
        onInput={(event) => onInput(event.currentTarget.valueAsNumber)} {...others}
      />
    </label>
  );
}

/** A select of values; an option is a text, or {value, label}. */
export function Select({id, label, value, options, onChange, ...others}) {
  return (
    <label>
      {label}
      <select id={id} value={value} onChange={(event) => onChange(event.currentTarget.value)} {...others}>
        {options.map((option) => {
          const {value: name, label: text} = typeof option === 'string' ? {value: option, label: option} : option;
          return <option key={name} value={name} selected={name === value}>{text}</option>;
        })}
      </select>
    </label>
  );
}

/**
 * Tabs; only the chosen one's panel is in the page.
 *
 * @param tabs a list of {id, label, panel}; `panel` returns what it shows.
 */
export function Tabs({label, tabs, chosen, onChoose}) {
  const list = useRef(null);
  const move = (event) => {
    const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
    if (!step) return;
    const place = tabs.findIndex(({id}) => id === chosen);
    const next = tabs[(place + step + tabs.length) % tabs.length];
    onChoose(next.id);
    list.current.querySelector(`#tab-${next.id}`).focus();
    event.preventDefault();
  };
  const {panel} = tabs.find(({id}) => id === chosen);
  return (
    <>
      <div ref={list} role="tablist" aria-label={label} class="tabs" onKeyDown={move}>
        {tabs.map(({id, label: name}) => (
          <button
            key={id} id={`tab-${id}`} type="button" role="tab" aria-controls="tab-panel"
            aria-selected={id === chosen ? 'true' : 'false'} tabIndex={id === chosen ? 0 : -1}
            onClick={() => onChoose(id)}
          >
            {name}
          </button>
        ))}
      </div>
      <section id="tab-panel" role="tabpanel" aria-labelledby={`tab-${chosen}`}>{panel()}</section>
    </>
  );
}

/** A button that copies the page's address, in which the view is. */
export function CopyLink({say}) {
  const copy = async () => {
    const copied = await navigator.clipboard.writeText(location.href).then(() => true, () => false);
    say(copied ? 'Copied the address of this view.' : 'The browser does not allow copying: copy its address line.');
  };
  return <button id="copy-link" type="button" onClick={copy}>Copy link to this view</button>;
}

/**
 * Experiments: buttons that each set up something to look at.
 *
 * @param experiments a list of {title, look, run}.
 */
export function Experiments({experiments}) {
  const [chosen, choose] = useState(null);
  return (
    <section aria-labelledby="experiments-title">
      <h2 id="experiments-title">Try this</h2>
      <div class="controls">
        {experiments.map((experiment) => (
          <button
            key={experiment.title} type="button" aria-pressed={experiment.title === chosen ? 'true' : 'false'}
            onClick={() => {
              choose(experiment.title);
              experiment.run();
            }}
          >
            {experiment.title}
          </button>
        ))}
      </div>
      <p class="learn" role="status">{experiments.find(({title}) => title === chosen)?.look}</p>
    </section>
  );
}

/** A canvas that `draw` fills, again whenever `draw` is another function. */
export function Canvas({draw, canvasRef, ...others}) {
  const own = useRef(null);
  const ref = canvasRef ?? own;
  // Before the browser paints, so that the picture and the words beside it are of the same moment.
  useLayoutEffect(() => draw(ref.current), [draw]);
  return <canvas ref={ref} {...others} />;
}
