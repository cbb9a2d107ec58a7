// How far the predictions are off, where the gateway says so under /debug/quality.

import {count, el, percent, time} from './text.js';

const EVERY = 5000;
const PATH = '/debug/quality';

/** Shows the panel while the gateway has something to say of it, and nothing at all elsewhere. */
export async function watchQuality(section, body) {
  const paths = await fetch('/', {headers: {accept: 'text/plain'}});
  if (!paths.ok || !(await paths.text()).split('\n').includes(PATH)) return;
  const ask = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(PATH);
      section.hidden = !answer.ok;
      if (answer.ok) body.replaceChildren(...panel(await answer.json()));
    } catch {
      section.hidden = true; // the page says elsewhere that the gateway is away
    }
  };
  await ask();
  setInterval(ask, EVERY);
}

function panel(quality) {
  return quality.pools.flatMap(pool => [
    quality.pools.length > 1 ? el('h4', {}, pool.pool) : '',
    ...sentences(pool),
    pool.pods.length === 0 ? el('p', {class: 'quiet'}, 'Nothing has ended yet.') : pods(pool.pods),
  ]);
}

function sentences({regret, shadow}) {
  const said = [];
  if (regret && regret.evaluated > 0) {
    said.push(el('p', {}, el('b', {}, percent(regret.share)), ' of ', count(regret.evaluated),
        ' decisions would have been better elsewhere by hindsight; together they lost ',
        el('b', {}, time(regret.secondsLost)), '.'));
  }
  if (shadow) {
    said.push(el('p', {}, 'The shadow policy ', el('b', {}, shadow.policy), ' disagrees on ',
        el('b', {}, percent(shadow.share)), ' of ', count(shadow.sampled), ' requests and would ',
        shadow.estimatedGainSeconds < 0 ? 'cost ' : 'save ',
        el('b', {}, time(Math.abs(shadow.estimatedGainSeconds))), ' a request.'));
  }
  return said;
}

function pods(rows) {
  const most = Math.max(0.001, ...rows.map(row => row.ttftErrorSecondsP90 ?? 0));
  return el('table', {class: 'drift'},
      el('thead', {}, el('tr', {}, el('th', {scope: 'col'}, 'pod'),
          el('th', {scope: 'col'}, 'TTFT off by, p50 and p90'), el('th', {scope: 'col', class: 'num'}, 'tokens off by'))),
      el('tbody', {}, ...rows.slice(0, 24).map(row => {
        const wide = el('span', {class: 'fill p90'});
        const narrow = el('span', {class: 'fill p50'});
        wide.style.width = ((row.ttftErrorSecondsP90 ?? 0) / most * 100).toFixed(1) + '%';
        narrow.style.width = ((row.ttftErrorSecondsP50 ?? 0) / most * 100).toFixed(1) + '%';
        const bias = row.ttftBiasSeconds ?? 0;
        return el('tr', {}, el('th', {scope: 'row'}, row.pod),
            el('td', {title: `on average ${time(Math.abs(bias))} ${bias < 0 ? 'sooner' : 'later'} than expected`},
                el('span', {class: 'track'}, wide, narrow),
                el('span', {class: 'value'}, `${time(row.ttftErrorSecondsP50 ?? 0)} · ${time(row.ttftErrorSecondsP90 ?? 0)}`)),
            el('td', {class: 'num'}, count(Math.abs(row.cachedTokensErrorP50 ?? 0))));
      })));
}
