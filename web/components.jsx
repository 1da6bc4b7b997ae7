// Components of both pages.
import {useLayoutEffect, useRef, useState} from 'preact/hooks';

import {numberError} from './numbers.js';

/** The status line. A screen reader speaks each new message once. */
export function Status({status}) {
  return <p id="status" role="status" class={status.isError ? 'error' : ''}>{status.text}</p>;
}

/**
 * A button. If there is a `reason`, the button does not act: a click shows the reason. The button is not
 * `disabled`, because a disabled button loses the focus and hides its reason.
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
 * A field for a number, with an error message below while the number is wrong.
 *
 * @param spec see `parseNumber`.
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

/** A slider with its value beside its label. */
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

/** A drop-down list. An option is a string or {value, label}. */
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
 * Tabs. The page contains only the panel of the chosen tab.
 *
 * @param tabs a list of {id, label, panel}; `panel` returns its content.
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

/** A button that copies the page's address, which stores the view. */
export function CopyLink({say}) {
  const copy = async () => {
    const copied = await navigator.clipboard.writeText(location.href).then(() => true, () => false);
    say(copied ? 'Copied the address of this view.' : 'The browser refused to copy. Copy the address from the address bar.');
  };
  return <button id="copy-link" type="button" onClick={copy}>Copy link to this view</button>;
}

/**
 * Experiments: each button prepares a view, and `look` says what to look for.
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
            key={experiment.title} type="button"
            onClick={() => {
              choose(experiment);
              experiment.run();
            }}
          >
            {experiment.title}
          </button>
        ))}
      </div>
      <p class="learn" role="status">{chosen && <><strong>{chosen.title}.</strong> {chosen.look}</>}</p>
    </section>
  );
}

/** A canvas that `draw` fills, and fills again when `draw` changes. */
export function Canvas({draw, canvasRef, ...others}) {
  const own = useRef(null);
  const ref = canvasRef ?? own;
  // Draw before the browser paints, so that picture and text change together.
  useLayoutEffect(() => draw(ref.current), [draw]);
  return <canvas ref={ref} {...others} />;
}
