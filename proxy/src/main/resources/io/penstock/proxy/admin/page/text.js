// Numbers and words as people read them, and elements from them. Nothing here keeps state.

const whole = new Intl.NumberFormat('en', {maximumFractionDigits: 0});

export const count = n => whole.format(n);

/** 1234567 as "1.2M": for places where only the size matters. */
export function short(n) {
  if (n < 1000) return whole.format(n);
  if (n < 9950) return (n / 1000).toFixed(1) + 'k';
  if (n < 999500) return whole.format(n / 1000) + 'k';
  return n < 9.95e6 ? (n / 1e6).toFixed(1) + 'M' : whole.format(n / 1e6) + 'M';
}

/** Seconds as a number and its unit. */
export function timeParts(seconds) {
  const ms = seconds * 1000;
  if (ms < 0.0005) return ['0', 'ms'];
  if (ms < 10) return [ms.toFixed(ms < 0.1 ? 3 : ms < 1 ? 2 : 1), 'ms'];
  if (ms < 999.5) return [ms.toFixed(0), 'ms'];
  return seconds < 99.5 ? [seconds.toFixed(seconds < 10 ? 2 : 1), 's'] : [whole.format(seconds), 's'];
}

export const time = seconds => timeParts(seconds).join('\u202f');

export const percent = share => Math.round(share * 100) + '\u202f%';

export const clock = millis => new Date(millis).toLocaleTimeString('en-GB');

const OUTCOMES = {
  in_flight: 'in flight',
  completed: 'completed',
  failed: 'failed',
  rejected: 'rejected',
  client_cancelled: 'client left',
};

export const outcome = word => OUTCOMES[word] || words(word);

/** snake_case or camelCase as words. */
export const words = name =>
    name.replace(/_/g, ' ').replace(/([a-z])([A-Z])/g, (_, a, b) => a + ' ' + b.toLowerCase());

const FILTERS = {
  'ejection-filter': 'ejected after failures, or asked to be left alone',
  'asleep-filter': 'its engine is asleep',
  'utilization-filter': 'too busy',
  'tried': 'this request had failed there before',
  'label-selector-filter': 'its labels are not those asked for',
  'by-label': 'its labels are not those asked for',
  'prefix-cache-affinity-filter': 'others hold more of the prompt',
  'header-based-testing-filter': 'a test header names another pod',
};

/** Why a filter drops a pod. */
export const reason = filter => FILTERS[filter] || 'dropped by ' + filter;

/**
 * An element.
 * @param attributes class, role, aria-…; on… are listeners; null is left out
 */
export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter(child => child !== null && child !== undefined));
  return made;
}

/** An SVG element. */
export function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** A colour of the style sheet's palette as it is now, as "r g b". */
export function colour(name) {
  const probe = el('i', {hidden: ''});
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const [r, g, b] = getComputedStyle(probe).color.match(/[\d.]+/g);
  probe.remove();
  return `${r} ${g} ${b}`;
}

/** Part of an address or a name that tells a pod apart from all of them. */
export function shortName(pod, all) {
  const same = key => all.length > 1 && all.every(other => key(other) === key(pod));
  const host = other => other.address.slice(0, other.address.lastIndexOf(':'));
  const port = other => other.address.slice(other.address.lastIndexOf(':'));
  if (pod.name !== pod.address) return pod.name;
  return same(host) ? port(pod) : same(port) ? host(pod) : pod.address;
}
