/* Asks /status once a second and draws the answer. The words come with the
 * data; nothing here knows what the pipeline is about. Everything is put in
 * with textContent, so what producers write stays text. */
'use strict';

const PERIOD_MS = 1000;
const HISTORY = 60; /* samples in a sparkline */
const CARDS = 20;
const RATE_SPAN = 10; /* samples a rate is taken over */

const byId = (id) => document.getElementById(id);
const history = new Map(); /* name of a stage -> [{at, count}] */
const stages = new Map(); /* name of a stage -> its elements */
let lastAnswer = 0;
let running = false;
let seen = null; /* cards drawn before, so that new ones can be shown as new */

/* ---- words ---- */

const whole = new Intl.NumberFormat('en-US');
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 2 });

const number = (n) => (n === null || n === undefined ? '–' : Math.abs(n) < 1e8 ? whole.format(n) : compact.format(n));

function rateText(r) {
	if (r <= 0) return 'quiet';
	return (r < 10 ? r.toFixed(1) : number(Math.round(r))) + ' / s';
}

function bytes(n) {
	if (n === null || n === undefined) return '–';
	const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
	let i = 0;
	while (n >= 1024 && i < units.length - 1) { n /= 1024; i++; }
	return (i === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)) + ' ' + units[i];
}

function span(ms) {
	const s = Math.max(0, Math.round(ms / 1000));
	if (s < 120) return s + ' s';
	if (s < 7200) return Math.round(s / 60) + ' min';
	if (s < 172800) return Math.round(s / 3600) + ' h';
	return Math.round(s / 86400) + ' d';
}

/* Time of day in UTC, with the date unless it is today's. */
function clock(ms, now) {
	const t = new Date(ms);
	if (Number.isNaN(t.getTime())) return '–';
	const iso = t.toISOString();
	return new Date(now).toISOString().slice(0, 10) === iso.slice(0, 10) ? iso.slice(11, 19) : iso.slice(0, 19).replace('T', ' ');
}

const millis = (x) => (x ? (x < 10 ? x.toFixed(1) : number(Math.round(x))) + ' ms' : '–');

/* ---- elements ---- */

function make(tag, className, text) {
	const e = document.createElement(tag);
	if (className) e.className = className;
	if (text !== undefined) e.textContent = text;
	return e;
}

function put(e, text) {
	if (e.textContent !== text) e.textContent = text;
}

/* Name and value pairs: [[label, value, class]]. */
function list(id, rows) {
	const nodes = rows.map(([label, value, className]) => {
		const row = make('div', className);
		row.append(make('dt', '', label), make('dd', '', value));
		return row;
	});
	byId(id).replaceChildren(...nodes);
}

const counted = (items) => items.map((x) => [x.label, number(x.count), x.count === 0 ? 'none' : '']);

/* ---- head ---- */

function drawHead(s) {
	const worst = !s.ready ? 'fail' : s.health.some((c) => c.status === 'warn') ? 'warn' : 'ok';
	const word = s.ready ? (worst === 'warn' ? 'ready, with a warning' : 'ready') : s.state === 'running' ? 'not ready' : s.state;
	const pill = byId('state');

	put(byId('service'), s.service);
	put(byId('title'), s.title);
	put(byId('version'), s.service + ' ' + s.version + ' (' + s.revision + ')');
	document.title = (s.ready ? '' : '! ') + s.service + ': ' + word;
	pill.className = 'pill ' + worst;
	put(pill, word);
	byId('checks').replaceChildren(...s.health.map((c) => make('li', c.status, c.text)));
	drawFacts(s);
}

function drawFacts(s) {
	const facts = [];
	if (s.watermark_ms !== null)
		facts.push(['Watermark, UTC', clock(s.watermark_ms, s.now_ms), span(s.now_ms - s.watermark_ms) + ' behind']);
	else facts.push(['Watermark', 'none yet', '']);
	if (s.started_ms !== null) facts.push(['Up', span(s.now_ms - s.started_ms), '']);
	if (s.model) facts.push(['Model', s.model, '']);
	byId('facts').replaceChildren(...facts.map(([name, value, note]) => {
		const box = make('div');
		const dd = make('dd', '', value);
		if (note) dd.append(' ', make('small', '', note));
		box.append(make('dt', '', name), dd);
		return box;
	}));
}

/* ---- flow ---- */

const SVG = 'http://www.w3.org/2000/svg';

function makeStage(s) {
	const li = make('li', 'stage');
	const e = {
		li, label: make('h2'), count: make('div', 'count'), rate: make('div', 'rate'), waits: make('div', 'waits'),
		exits: make('ul', 'exits'), svg: document.createElementNS(SVG, 'svg'),
		area: document.createElementNS(SVG, 'path'), line: document.createElementNS(SVG, 'path'),
	};
	e.svg.setAttribute('viewBox', '0 0 ' + (HISTORY - 1) + ' 30');
	e.svg.setAttribute('preserveAspectRatio', 'none');
	e.svg.setAttribute('aria-hidden', 'true');
	e.area.setAttribute('class', 'area');
	e.line.setAttribute('class', 'line');
	e.svg.append(e.area, e.line);
	li.title = s.help;
	li.append(e.label, e.count, e.rate, e.svg, e.waits, e.exits);
	byId('flow').append(li);
	return e;
}

function remember(name, count) {
	const samples = history.get(name) || [];
	if (samples.length && samples[samples.length - 1].count > count) samples.length = 0; /* restarted */
	samples.push({ at: performance.now(), count });
	if (samples.length > HISTORY + 1) samples.shift();
	history.set(name, samples);
	return samples;
}

function rateOf(samples) {
	const last = samples[samples.length - 1];
	const first = samples[Math.max(0, samples.length - 1 - RATE_SPAN)];
	return last.at > first.at ? ((last.count - first.count) * 1000) / (last.at - first.at) : 0;
}

function drawSpark(e, samples) {
	const steps = [];
	for (let i = 1; i < samples.length; i++)
		steps.push(((samples[i].count - samples[i - 1].count) * 1000) / Math.max(1, samples[i].at - samples[i - 1].at));
	if (steps.length < 2) return;
	const top = Math.max(...steps, 1e-9);
	const x = (i) => HISTORY - steps.length + i;
	const d = steps.map((v, i) => (i ? 'L' : 'M') + x(i) + ' ' + (28.5 - (v / top) * 26).toFixed(2)).join('');
	e.line.setAttribute('d', d);
	e.area.setAttribute('d', d + 'L' + x(steps.length - 1) + ' 30L' + x(0) + ' 30Z');
}

function drawStage(s) {
	if (!stages.has(s.name)) stages.set(s.name, makeStage(s));
	const e = stages.get(s.name);
	const samples = remember(s.name, s.count);
	const rate = rateOf(samples);
	put(e.label, s.label);
	put(e.count, number(s.count));
	put(e.rate, rateText(rate));
	e.rate.className = rate > 0 ? 'rate' : 'rate still';
	e.li.classList.toggle('flowing', rate > 0);
	const pace = rate > 0 ? Math.max(0.2, 1.6 - 0.35 * Math.log10(1 + rate)).toFixed(1) + 's' : '1s';
	if (e.pace !== pace) e.li.style.setProperty('--pace', (e.pace = pace)); /* a change restarts the animation */
	e.waits.hidden = s.waiting === null;
	put(e.waits, number(s.waiting) + ' ' + s.waiting_label);
	e.waits.className = s.waiting > 0 ? 'waits some' : 'waits';
	e.exits.replaceChildren(...s.exits.map((x) => {
		const li = make('li', x.count === 0 ? 'none' : '');
		li.append(make('span', '', x.label), make('b', '', number(x.count)));
		return li;
	}));
	drawSpark(e, samples);
}

/* ---- tables ---- */

function partitionRow(p, now, most) {
	const row = make('tr');
	const name = make('td', '', p.topic || p.input);
	const lag = make('td', 'n lag' + (p.lag === 0 ? ' zero' : ''));
	const watermark = make('td', 'n', p.watermark_ms === null ? '–' : clock(p.watermark_ms, now));
	const state = make('td', 'n');
	name.append(make('i', '', ' / ' + p.partition));
	name.title = p.topic + ' / ' + p.partition;
	lag.append(make('b', '', number(p.lag)));
	lag.style.setProperty('--share', p.lag > 0 ? Math.max(0.03, p.lag / most) : 0);
	const [word, look] = p.idle ? ['idle', 'rest'] : p.at_end ? ['live', ''] : ['catching up', 'behind'];
	state.append(make('span', 'tag ' + look, word));
	row.append(name, make('td', 'n', number(p.position)), lag, watermark, state);
	return row;
}

function drawPartitions(s) {
	const known = s.partitions.filter((p) => p.lag !== null);
	const total = known.reduce((sum, p) => sum + p.lag, 0);
	const most = Math.max(1, ...known.map((p) => p.lag));
	put(byId('partitions-note'), s.partitions.length + ', lag ' + number(total) + ' records');
	byId('partitions').tBodies[0].replaceChildren(...s.partitions.map((p) => partitionRow(p, s.now_ms, most)));
}

function inputRow(input) {
	const li = make('li');
	const row = make('div', 'row');
	const right = make('span');
	const bar = make('div', 'bar');
	row.append(make('span', '', input.topic || input.input), right);
	right.append(make('b', '', number(input.consumed)), ' ', make('small', '', bytes(input.bytes)));
	if (input.unaccounted !== 0) right.append(' ', make('span', 'wrong', number(input.unaccounted) + ' unaccounted'));
	for (const fate of ['used', 'filtered', 'late', 'dead']) {
		if (input[fate] === 0) continue;
		const part = make('i', fate);
		part.style.setProperty('--share', input[fate] / Math.max(1, input.consumed));
		part.title = fate + ': ' + number(input[fate]);
		bar.append(part);
	}
	li.append(row, bar);
	return li;
}

function drawLists(s) {
	byId('inputs').replaceChildren(...s.inputs.map(inputRow));
	list('waiting', counted(s.waiting));
	list('kept', counted(s.kept));
	list('counters', counted(s.counters));
	list('dead', s.dead_letters.map((d) => [d.input + ': ' + d.reason, number(d.count), 'bad']));
	byId('dead-empty').hidden = s.dead_letters.length > 0;
	drawDrivers(s);
}

function drawDrivers(s) {
	const d = s.delivery, m = s.summary, p = s.process;
	const bad = (n) => (n > 0 ? 'bad' : 'none');
	list('delivery', [
		['records in Kafka', number(d.records_produced)],
		['waiting for Kafka', number(d.outbox_rows)],
		['transactions', number(d.transactions_committed)],
		['aborted', number(d.transactions_aborted), d.transactions_aborted ? '' : 'none'],
		['resolved after doubt', number(d.transactions_resolved), d.transactions_resolved ? '' : 'none'],
		['epochs', number(d.epochs)],
		['commit, median', millis(d.commit_p50_ms)],
		['commit, 99 %', millis(d.commit_p99_ms)],
		['failed commits', number(d.epoch_failures), bad(d.epoch_failures)],
	]);
	list('summary', [
		['answers', number(m.answers)],
		['requests', number(m.requests)],
		['at the model now', number(m.in_flight)],
		['queued', number(m.queued)],
		['median', millis(m.p50_ms)],
		['99 %', millis(m.p99_ms)],
		['retries', number(m.retries), m.retries ? '' : 'none'],
		['failures', number(m.failures), bad(m.failures)],
		['left alone', m.circuit_open ? 'yes' : 'no', m.circuit_open ? 'bad' : 'none'],
	]);
	list('process', [
		['CPU time', p.cpu_seconds.toFixed(1) + ' s'],
		['memory', bytes(p.resident_bytes)],
		['open files', number(p.open_fds)],
		['database', bytes(p.database_bytes)],
		['its log', bytes(p.wal_bytes)],
		['disk free', bytes(p.disk_free_bytes)],
	]);
}

/* ---- latest ---- */

function card(t, now, isNew) {
	const li = make('li', isNew ? 'card new' : 'card');
	const top = make('div', 'top');
	const what = make('div');
	const time = make('time', '', clock(t.time_ms, now) + ' UTC');
	const meta = make('div', 'meta');
	what.append(make('b', '', t.what), ' ', make('span', '', t.where));
	time.title = 'sent ' + span(t.emitted_ms - t.time_ms) + ' later';
	top.append(what, time);
	meta.append(make('span', 'who', t.who), make('span', '', t.reviews + (t.reviews === 1 ? ' review' : ' reviews')));
	for (const name of t.similar) meta.append(make('span', 'chip', name));
	if (t.similar_more > 0) meta.append(make('span', '', 'and ' + number(t.similar_more) + ' more like it'));
	else if (t.similar.length === 0) meta.append(make('span', '', 'none like it'));
	li.append(top);
	if (t.text) li.append(make('blockquote', '', t.text));
	li.append(meta);
	return li;
}

function drawLatest(s) {
	const keyOf = (t) => [t.emitted_ms, t.time_ms, t.who, t.id].join('\u0000');
	const latest = s.latest.slice(0, CARDS);
	const keys = latest.map(keyOf);
	const drawn = byId('latest');
	put(byId('latest-title'), s.latest_title);
	put(byId('latest-note'), latest.length ? 'the last ' + latest.length : '');
	byId('latest-empty').hidden = latest.length > 0;
	if (seen && keys.join('\u0001') === seen.join('\u0001')) return;
	const old = new Set(seen || keys);
	drawn.replaceChildren(...latest.map((t, i) => card(t, s.now_ms, !old.has(keys[i]))));
	seen = keys;
}

/* ---- life ---- */

function draw(s) {
	drawHead(s);
	s.flow.forEach(drawStage);
	drawPartitions(s);
	drawLists(s);
	drawLatest(s);
}

function stale(error) {
	const since = lastAnswer ? ' for ' + span(performance.now() - lastAnswer) : '';
	const banner = byId('banner');
	banner.hidden = false;
	put(banner, 'No answer' + since + ' (' + error.message + '). Trying again.');
	document.body.classList.add('stale');
}

async function tick() {
	try {
		const response = await fetch('/status', { cache: 'no-store', signal: AbortSignal.timeout(5000) });
		if (!response.ok) throw new Error('status ' + response.status);
		draw(await response.json());
		lastAnswer = performance.now();
		byId('banner').hidden = true;
		document.body.classList.remove('stale');
	} catch (error) {
		stale(error);
	}
}

/* One question at a time, and none while nobody looks. */
async function run() {
	if (running || document.hidden) return;
	running = true;
	while (!document.hidden) {
		await tick();
		await new Promise((done) => setTimeout(done, PERIOD_MS));
	}
	running = false;
}

document.addEventListener('visibilitychange', run);
run();
