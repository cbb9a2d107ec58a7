// One decision opened: why that pod, in words, bars and numbers. Pure functions of its record.

import {factList} from './pods.js';
import {clock, count, el, outcome, reason, time, words} from './text.js';

const TERMS = {
  pendingPrefill: 'prefills ahead of it',
  prefill: 'its own prefill',
  decode: 'slower decoding',
  eviction: 'evicting others’ prefixes',
  overflow: 'a full KV cache',
};

const term = name => TERMS[name] || words(name);

/**
 * A decision as elements.
 * @param record what /debug/decisions/{id} says
 * @param siblings the short forms of all decisions of that request, oldest first
 * @param open called with a pod's address, and with another decision
 */
export function decisionDetail(record, siblings, open) {
  const route = record.decision;
  return [
    el('p', {class: 'why'}, ...why(record, open)),
    factList([
      ['outcome', outcome(record.outcome) + (record.status ? `, ${record.status}` : '')],
      ['error', record.reason ?? null],
      ['model', record.model],
      ['tenant', record.tenant ?? null],
      ['pool', record.pool],
      ['at', clock(record.time)],
      ['decision', record.id],
    ]),
    ...(route.noEndpoint ? [] : [el('h3', {}, 'Expected, and what came'), compared(record)]),
    ...ranking('Candidates', record, route.endpoint, open),
    ...(record.prefill ? ranking('Who computes the prompt', record.prefill, route.prefill?.endpoint, open) : []),
    ...excluded(record, open),
    ...attempts(record, open),
    ...retries(record, siblings, open),
    ...timeline(record),
    el('p', {class: 'quiet'}, 'The same as ',
        el('a', {href: address(record)}, 'JSON'), ', or in a terminal: ',
        el('code', {}, `penstock explain ${record.id}`)),
  ];
}

const address = record => `/debug/decisions/${record.id}?pool=${encodeURIComponent(record.pool)}`;

/** Whether the terms are seconds that a pod costs, of which the least wins. */
const isCost = ranking => ranking.ranked.length > 0 && ranking.ranked.every(pod => pod.score <= 0);

function why(record, open) {
  const route = record.decision;
  if (route.noEndpoint) {
    return [`No pod could take it: ${words(route.noEndpoint)}.`];
  }
  const pod = at => el('button', {type: 'button', class: 'plain strong', onclick: () => open.pod(at)}, at);
  const [won, next] = record.ranked;
  const said = ['Sent to ', pod(route.endpoint)];
  if (!won) return [...said, '.'];
  const held = won.cachedTokens;
  said.push(held > 0
    ? `, which held ${count(held)} of its ${count(record.promptTokens)} prompt tokens`
    : `, which had to compute all of its ${count(record.promptTokens)} prompt tokens`);
  if (!next) {
    said.push(record.dropped > 0
      ? '. It was the only one left.' : '. There is no other pod to choose.');
  } else if (!isCost(record)) {
    said.push(`, and scored ${won.score.toFixed(3)}; the next best scored ${next.score.toFixed(3)}.`);
  } else {
    const apart = won.score - next.score;
    const rival = [' ', pod(next.endpoint)];
    if (Math.abs(apart) < 0.0005) {
      said.push('. It costs as much as', ...rival, ` does (${time(-won.score)}), so chance decided.`);
    } else {
      said.push(`, and costs least: ${time(-won.score)} of waiting, its own and others’. The next best,`,
          ...rival, `, would have cost ${time(-next.score)}${largest(won, next)}.`);
    }
  }
  if (route.prefill) {
    said.push(' Its prompt was computed at ', pod(route.prefill.endpoint), weighed(record));
  } else if (record.disaggregation) {
    said.push(` It was not divided between two pods${weighed(record)}`);
  }
  return said;
}

function weighed(record) {
  const {reason: by, localCost, remoteCost} = record.disaggregation ?? {};
  return by === 'cost' && localCost !== undefined
    ? `: alone it would cost ${time(localCost)}, divided ${time(remoteCost)}.`
    : by ? ` (${words(by)}).` : '.';
}

/** Which term makes most of the difference. */
function largest(won, next) {
  let most = 0;
  let name = null;
  for (const key of Object.keys(won.terms)) {
    const more = next.terms[key] - won.terms[key];
    if (more > most) [most, name] = [more, key];
  }
  return name ? `, mostly for ${term(name)}` : '';
}

/** Time to first token and cached tokens, predicted and actual, as pairs of bars. */
function compared(record) {
  const route = record.decision;
  const last = record.attempts.at(-1);
  const computed = record.attempts.find(a => a.leg === 'prefill' && a.progress === 'completed') ?? last;
  const ttft = last?.ttft === undefined ? undefined
    : last.ttft + (last.startedAt ?? 0) - (record.attempts[0].startedAt ?? 0);
  const expected = route.predictedTtftOfBoth ?? route.predictedTtft;
  const cached = (route.prefill ?? route).predictedCachedTokens;
  const ended = record.outcome !== 'in_flight';
  return el('div', {class: 'pairs'},
      pair('time to first token', expected, ttft, time, ended),
      pair('prompt tokens in the cache', cached, computed?.cachedTokens, count, ended,
          Math.max(record.promptTokens, computed?.promptTokens ?? 0)));
}

function pair(name, expected, actual, unit, ended, most = 0) {
  const top = Math.max(most, expected, actual ?? 0) || 1;
  const bar = (kind, label, value) => {
    const fill = el('span', {class: 'fill ' + kind});
    fill.style.width = ((value ?? 0) / top * 100).toFixed(1) + '%';
    return el('div', {class: 'pairrow'},
        el('span', {class: 'label'}, label), el('span', {class: 'track'}, fill),
        el('span', {class: 'value'},
            value !== undefined ? unit(value) : ended ? 'not said' : 'on its way'));
  };
  return el('div', {class: 'pair'}, el('h4', {}, name),
      bar('expected', 'expected', expected), bar('actual', 'came', actual));
}

/** The candidates in order, each with its terms as one stacked bar and as numbers. */
function ranking(title, ranked, winner, open) {
  if (ranked.ranked.length === 0) return [];
  const cost = isCost(ranked);
  const names = Object.keys(ranked.ranked[0].terms);
  const used = names.filter(name => ranked.ranked.some(pod => Math.abs(pod.terms[name]) > 0));
  const sum = pod => names.reduce((all, name) => all + Math.max(0, pod.terms[name]), 0);
  const top = Math.max(...ranked.ranked.map(sum)) || 1;
  const shown = value => (cost ? time(value) : value.toFixed(3));
  const rows = ranked.ranked.map((pod, place) => {
    const bar = el('span', {class: 'stack', 'aria-hidden': 'true'});
    names.forEach((name, k) => {
      if (pod.terms[name] > 0) {
        const part = el('span', {class: 'part t' + (k % 8), title: `${term(name)}: ${shown(pod.terms[name])}`});
        part.style.width = (pod.terms[name] / top * 100).toFixed(2) + '%';
        bar.append(part);
      }
    });
    return el('tr', {class: pod.endpoint === winner ? 'won' : null, 'data-endpoint': pod.endpoint},
        el('th', {scope: 'row'},
            el('button', {type: 'button', class: 'plain', onclick: () => open.pod(pod.endpoint)}, pod.name),
            pod.endpoint === winner ? el('span', {class: 'chip'}, 'chosen') : null),
        el('td', {class: 'num held'}, count(pod.cachedTokens)),
        el('td', {class: 'bar'}, bar),
        ...used.map(name => el('td', {class: 'num term', 'data-term': name, 'data-value': pod.terms[name]},
            pod.terms[name] > 0 ? shown(pod.terms[name]) : '–')),
        el('td', {class: 'num total', 'data-score': pod.score, 'data-place': place},
            shown(cost ? Math.max(0, -pod.score) : pod.score)));
  });
  const more = ranked.candidates - ranked.ranked.length;
  return [
    el('h3', {}, title, ' ', el('small', {}, cost ? 'least cost first' : 'best score first')),
    el('ul', {class: 'terms'}, ...used.map(name =>
        el('li', {}, el('i', {class: 't' + (names.indexOf(name) % 8)}), term(name)))),
    el('div', {class: 'tablebox wide'}, el('table', {class: 'candidates'},
        el('thead', {}, el('tr', {},
            el('th', {scope: 'col'}, 'pod'), el('th', {scope: 'col', class: 'num'}, 'held'),
            el('th', {scope: 'col', class: 'bar'}, cost ? 'cost' : 'score'),
            ...used.map(name => el('th', {scope: 'col', class: 'num'}, term(name))),
            el('th', {scope: 'col', class: 'num'}, cost ? 'in all' : 'score'))),
        el('tbody', {}, ...rows))),
    more > 0 ? el('p', {class: 'quiet'}, `and ${count(more)} more that came out worse`) : null,
  ];
}

function excluded(record, open) {
  const all = [record, record.prefill].filter(Boolean);
  const shown = all.flatMap(one => one.droppedEndpoints);
  const more = all.reduce((sum, one) => sum + one.dropped, 0) - shown.length;
  if (shown.length === 0) return [];
  return [
    el('h3', {}, 'Excluded'),
    el('ul', {class: 'links'}, ...shown.map(pod => el('li', {},
        el('button', {type: 'button', class: 'plain', onclick: () => open.pod(pod.endpoint)}, pod.name),
        el('span', {class: 'quiet'}, ' ' + reason(pod.by))))),
    more > 0 ? el('p', {class: 'quiet'}, `and ${count(more)} more`) : null,
  ];
}

const LEGS = {whole: 'all of it', prefill: 'its prompt', decode: 'its answer'};

function attempts(record, open) {
  if (record.attempts.length === 0) return [];
  const rows = record.attempts.map(attempt => el('tr', {},
      el('th', {scope: 'row'}, el('button', {type: 'button', class: 'plain', onclick: () => open.pod(attempt.endpoint)}, attempt.name)),
      el('td', {}, LEGS[attempt.leg] ?? attempt.leg),
      el('td', {class: attempt.failure ? 'loud' : null},
          attempt.failure ? `failed: ${words(attempt.failure)}` : words(attempt.progress)),
      el('td', {class: 'num'}, attempt.ttft === undefined ? '–' : time(attempt.ttft)),
      el('td', {class: 'num'}, attempt.duration === undefined ? '–' : time(attempt.duration)),
      el('td', {class: 'num'}, attempt.cachedTokens === undefined ? '–'
        : `${count(attempt.cachedTokens)} of ${count(attempt.promptTokens)}`),
      el('td', {class: 'num'}, attempt.completionTokens === undefined ? '–' : count(attempt.completionTokens))));
  const head = ['pod', 'was sent', 'came to', 'first byte', 'took', 'cached', 'generated'];
  return [
    el('h3', {}, record.attempts.length > 1 ? 'Attempts and legs' : 'Attempt'),
    el('div', {class: 'tablebox wide'}, el('table', {}, el('thead', {}, el('tr', {},
        ...head.map((name, i) => el('th', {scope: 'col', class: i > 2 ? 'num' : null}, name)))),
    el('tbody', {}, ...rows))),
  ];
}

function retries(record, siblings, open) {
  if (siblings.length < 2) return [];
  return [
    el('h3', {}, 'All decisions of this request'),
    el('ol', {class: 'links'}, ...siblings.map(one => el('li', {},
        one.id === record.id && one.pool === record.pool
          ? el('b', {}, `this one, ${one.endpoint ?? 'no pod'}`)
          : el('button', {type: 'button', class: 'plain', onclick: () => open.decision(one)},
              one.endpoint ?? words(one.noEndpoint)),
        one.failure ? el('span', {class: 'loud'}, ' failed: ' + words(one.failure)) : null))),
  ];
}

const SPANS = [
  ['received', 'body_read', 'reading the request'],
  ['body_read', 'pick_started', 'queue'],
  ['pick_started', 'picked', 'pick'],
  ['prefill_sent', 'prefilled', 'prefill elsewhere'],
  ['picked', 'connected', 'connect and send'],
  ['connected', 'first_token', 'first byte'],
  ['first_token', 'ended', 'answer'],
];

function timeline(record) {
  const at = Object.fromEntries((record.timeline ?? []).map(step => [step.step, step.at]));
  const end = Math.max(0, ...Object.values(at));
  const spans = SPANS.filter(([from, to]) => at[from] !== undefined && at[to] >= at[from]);
  if (end === 0 || spans.length === 0) return [];
  const rows = spans.map(([from, to, name]) => {
    const fill = el('span', {class: 'fill step-' + to});
    fill.style.marginLeft = (at[from] / end * 100).toFixed(2) + '%';
    fill.style.width = `max(2px, ${((at[to] - at[from]) / end * 100).toFixed(2)}%)`;
    return el('div', {class: 'pairrow'},
        el('span', {class: 'label'}, name), el('span', {class: 'track line'}, fill),
        el('span', {class: 'value'}, time(at[to] - at[from])));
  });
  return [el('h3', {}, 'Timeline ', el('small', {}, `${time(end)} ${record.outcome === 'in_flight' ? 'so far' : 'in all'}`)),
    el('div', {class: 'pairs timeline'}, ...rows)];
}
