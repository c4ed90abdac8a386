/* Draws what /events (or /status) says. The words come with the data; nothing
 * here knows what the pipeline is about. */

const POLL_MS = 2000;
const STALE_MS = 4000;
const CARDS = matchMedia('(max-width: 640px)').matches ? 8 : 20;

/* ---- head ---- */

function drawHead(s) {
	const worst = !s.ready ? 'fail' : s.health.some((c) => c.status === 'warn') ? 'warn' : 'ok';
	const word = s.ready ? (worst === 'warn' ? 'ready, with a warning' : 'ready') : s.state === 'running' ? 'not ready' : s.state;
	const pill = byId('state');
	const facts = [];

	put(byId('service'), s.service);
	put(byId('title'), s.title);
	put(byId('version'), s.service + ' ' + s.version + ' (' + s.revision + ')');
	document.title = (s.ready ? '' : '! ') + s.service + ': ' + word;
	pill.className = 'pill ' + worst;
	put(pill, word);
	byId('checks').replaceChildren(...s.health.map((c) => make('li', c.status, c.text)));
	facts.push(['Now, UTC', clock(s.now_ms, s.now_ms)]);
	if (known(s.started_ms)) facts.push(['Up', span(s.now_ms - s.started_ms)]);
	if (s.model) facts.push(['Model', s.model]);
	if (known(s.delivery.brokers_up)) facts.push(['Brokers up', number(s.delivery.brokers_up)]);
	byId('facts').replaceChildren(...facts.map(([name, value]) => make('div', '', make('dt', '', name), make('dd', '', value))));
}

/* ---- key numbers ---- */

const tiles = new Map();

function showTile(name, label, value, note, look, values) {
	if (!tiles.has(name)) {
		const t = { label: make('h2'), value: make('b'), note: make('small'), spark: makeSpark() };
		t.e = make('li', 'tile', t.label, t.value, t.note, t.spark.svg);
		byId('tiles').append(t.e);
		tiles.set(name, t);
	}
	const t = tiles.get(name);
	put(t.label, label);
	put(t.value, value);
	put(t.note, note);
	t.e.className = 'tile ' + look;
	t.spark.show(values);
}

/* How long until nothing is left, by how it went lately. */
function leftText(samples) {
	const last = samples[samples.length - 1].value;
	const rate = rateOf(samples);
	if (last === 0) return 'read to the end';
	if (rate < 0) return span((last / -rate) * 1000) + ' left at this pace';
	return rate > 0 ? 'growing' : 'behind';
}

function drawTiles(s) {
	const m = s.summary, last = s.flow[s.flow.length - 1];
	const lag = s.partitions.reduce((sum, p) => sum + (p.lag || 0), 0);
	const lags = remember('lag', lag, s.at, false);
	const outs = remember('outs', last.count, s.at, true);
	const asked = m.asked + m.saved;
	const consumed = s.inputs.reduce((sum, i) => sum + i.consumed, 0);
	const dead = s.inputs.reduce((sum, i) => sum + i.dead, 0);
	const perMinute = rateOf(outs) * 60;
	showTile('lag', 'Consumer lag', number(lag), leftText(lags), lag > 0 ? 'warm' : '', lags.map((x) => x.value));
	showTile('outs', last.label, perMinute > 0 && perMinute < 10 ? perMinute.toFixed(1) : number(Math.round(perMinute)), 'a minute', '', stepsOf(outs));
	showTile('model', 'Model latency', millis(m.p50_ms), m.requests ? 'median; 99 % within ' + millis(m.p99_ms) : 'no calls', m.circuit_open ? 'hot' : '',
		remember('p50', m.p50_ms, s.at, false).map((x) => x.value));
	showTile('saved', 'Model calls saved', asked ? percent(m.saved / asked) : '–',
		asked ? number(m.saved) + ' of ' + number(asked) + ' shared an answer' : 'no questions', '', []);
	showTile('tokens', 'Tokens', number(m.tokens_in + m.tokens_out), m.tokens_in + m.tokens_out ? number(m.tokens_in) + ' in, ' + number(m.tokens_out) + ' out' : 'no calls', '',
		stepsOf(remember('tokens', m.tokens_in + m.tokens_out, s.at, true)));
	showTile('dead', 'Dead letters', number(dead), dead ? percent(dead / consumed) + ' of all records' : 'none', dead ? 'hot' : '',
		stepsOf(remember('dead', dead, s.at, true)));
}

/* ---- tables ---- */

function partitionRow(p, s, most, furthest) {
	const row = make('tr', p.slowest ? 'slowest' : '');
	const at = 'partition:' + p.input + '/' + p.partition;
	const rate = known(p.position) ? rateOf(remember(at, p.position, s.at, true)) : 0;
	const name = make('td', '', p.topic || p.input, make('i', '', ' / ' + p.partition));
	const lag = make('td', 'n meter' + (p.lag === 0 ? ' zero' : ''), make('b', '', number(p.lag)));
	const time = known(p.watermark_ms);
	const behind = time ? Math.max(0, s.now_ms - p.watermark_ms) : 0;
	const late = make('td', 'n meter time' + (p.idle ? ' zero' : ''), make('b', '', time ? span(behind) : '–'));
	const [word, look] = p.idle ? ['idle', 'rest'] : p.slowest && behind > 15000 ? ['holds back', 'behind'] : p.at_end ? ['live', ''] : ['catching up', 'behind'];
	name.title = p.topic + ' / ' + p.partition + ', position ' + number(p.position) + ' of ' + number(p.end);
	lag.style.setProperty('--share', p.lag > 0 ? Math.max(0.03, p.lag / most) : 0);
	late.style.setProperty('--share', p.idle || !time ? 0 : behind / furthest);
	row.append(name, make('td', 'n', rateText(rate) || '–'), lag, make('td', 'n', time ? clock(p.watermark_ms, s.now_ms) : '–'), late,
		make('td', 'n', make('span', 'tag ' + look, word)));
	return row;
}

function drawPartitions(s) {
	const total = s.partitions.reduce((sum, p) => sum + (p.lag || 0), 0);
	const most = Math.max(1, ...s.partitions.map((p) => p.lag || 0));
	const furthest = Math.max(1, ...s.partitions.map((p) => (p.idle || !known(p.watermark_ms) ? 0 : s.now_ms - p.watermark_ms)));
	put(byId('partitions-note'), s.partitions.length + ', lag ' + number(total) + ' records');
	byId('partitions').tBodies[0].replaceChildren(...s.partitions.map((p) => partitionRow(p, s, most, furthest)));
}

function barRow(name, right, parts, whole) {
	const bar = make('div', 'bar');
	for (const [fate, count] of parts) {
		if (count === 0) continue;
		const part = make('i', fate);
		part.style.setProperty('--share', count / Math.max(1, whole));
		part.title = fate + ': ' + number(count);
		bar.append(part);
	}
	const title = make('span', '', name);
	title.title = name;
	return make('li', '', make('div', 'row', title, right), bar);
}

function inputRow(input) {
	const right = make('span', '', make('b', '', number(input.consumed)), ' ', make('small', '', bytes(input.bytes)));
	if (input.unaccounted !== 0) right.append(' ', make('span', 'wrong', number(input.unaccounted) + ' unaccounted'));
	return barRow(input.topic || input.input, right, ['used', 'filtered', 'late', 'dead'].map((f) => [f, input[f]]), input.consumed);
}

function deadRow(d, most) {
	const row = barRow(d.input + ': ' + d.reason.replaceAll('_', ' '), make('b', 'wrong', number(d.count)), [['dead', d.count]], most);
	row.append(make('small', 'why', d.help));
	return row;
}

function drawLists(s) {
	const dead = s.dead_letters.slice().sort((a, b) => b.count - a.count);
	const most = Math.max(1, ...dead.map((d) => d.count));
	const counted = (items) => items.map((x) => [x.label, number(x.count), x.count === 0 ? 'none' : '']);
	byId('inputs').replaceChildren(...s.inputs.map(inputRow));
	byId('waiting').replaceChildren(...s.waiting.map((w) => make('li', w.count ? '' : 'none', make('b', '', number(w.count)), make('span', '', w.label), make('small', '', w.why))));
	put(byId('dead-note'), dead.length ? 'by topic and reason' : 'none');
	byId('dead').replaceChildren(...dead.map((d) => deadRow(d, most)));
	list('kept', counted(s.kept));
	list('counters', counted(s.counters));
	drawDrivers(s);
}

function drawDrivers(s) {
	const d = s.delivery, m = s.summary, p = s.process;
	const some = (label, n, look) => [label, number(n), n ? look || '' : 'none'];
	list('delivery', [
		some('records in Kafka', d.records_produced), some('waiting for Kafka', d.outbox_rows), some('transactions', d.transactions_committed),
		some('aborted', d.transactions_aborted), some('resolved after doubt', d.transactions_resolved), some('epochs', d.epochs),
		['commit, 99 %', millis(d.commit_p99_ms)], ['transaction, 99 %', millis(d.publish_p99_ms)], some('failed commits', d.epoch_failures, 'bad'),
	]);
	list('summary', [
		some('answers', m.answers), some('requests', m.requests), some('at the model now', m.in_flight), some('queued', m.queued),
		some('retries', m.retries), some('failures', m.failures, 'bad'), some('answers refused', m.rejected), some('made without it', m.fallbacks),
		['left alone', m.circuit_open ? 'yes' : 'no', m.circuit_open ? 'bad' : 'none'],
	]);
	list('process', [
		['CPU time', p.cpu_seconds.toFixed(1) + ' s'], ['memory', bytes(p.resident_bytes)], ['open files', number(p.open_fds)],
		['database', bytes(p.database_bytes)], ['its log', bytes(p.wal_bytes)], ['disk free', bytes(p.disk_free_bytes)],
	]);
}

/* ---- latest ---- */

let seen = null; /* cards drawn before, so that new ones can be shown as new */

function card(t, now, isNew) {
	const time = make('time', '', clock(t.time_ms, now) + ' UTC');
	const meta = make('div', 'meta', make('span', 'who', t.who), make('span', '', t.reviews + (t.reviews === 1 ? ' review' : ' reviews')));
	time.title = 'sent ' + span(t.emitted_ms - t.time_ms) + ' later';
	meta.append(make('span', '', t.similar.length ? 'similar:' : 'none similar'));
	for (const name of t.similar) meta.append(make('span', 'chip', name));
	if (t.similar_more > 0) meta.append(make('span', '', 'and ' + number(t.similar_more) + ' more'));
	const li = make('li', isNew ? 'card new' : 'card', make('div', 'top', make('div', '', make('b', '', t.what), ' ', make('span', '', t.where)), time));
	if (t.text) li.append(make('blockquote', '', t.text));
	li.append(meta);
	return li;
}

function drawLatest(s) {
	const latest = s.latest.slice(0, CARDS);
	const keys = latest.map((t) => [t.emitted_ms, t.time_ms, t.who, t.id].join('\u0000'));
	put(byId('latest-title'), s.latest_title);
	put(byId('latest-note'), latest.length ? 'the last ' + latest.length : '');
	put(byId('latest-empty'), 'None yet. ' + s.latest_empty);
	byId('latest-empty').hidden = latest.length > 0;
	if (seen && keys.join('\u0001') === seen.join('\u0001')) return;
	const old = new Set(seen || keys);
	byId('latest').replaceChildren(...latest.map((t, i) => card(t, s.now_ms, !old.has(keys[i]))));
	seen = keys;
}

/* ---- life ----
 * A stream of events while somebody looks; where the server has no stream left,
 * a question every two seconds, and the stream again after a while. */

let source = null, poll = 0, lastAnswer = 0, opened = 0;

function show(s) {
	s.at = performance.now();
	lastAnswer = s.at;
	document.body.classList.remove('new');
	drawHead(s);
	drawFlow(s);
	drawTiles(s);
	drawPartitions(s);
	drawLists(s);
	drawLatest(s);
	stale(null);
}

function stale(why) {
	const banner = byId('banner');
	banner.hidden = why === null;
	document.body.classList.toggle('stale', why !== null);
	if (why === null) return;
	const since = lastAnswer ? ' for ' + span(performance.now() - lastAnswer) : '';
	put(banner, 'No answer' + since + ' (' + why + '). Trying again.');
}

async function ask() {
	try {
		const response = await fetch('/status', { cache: 'no-store', signal: AbortSignal.timeout(5000) });
		if (!response.ok) throw new Error('status ' + response.status);
		show(await response.json());
	} catch (error) {
		stale(error.message);
	}
}

function stop() {
	if (source) source.close();
	source = null;
	clearTimeout(poll);
	poll = 0;
}

async function askAgain() {
	await ask();
	if (document.hidden || source) return;
	if (performance.now() - opened > 30000) listen();
	else poll = setTimeout(askAgain, POLL_MS);
}

function listen() {
	stop();
	opened = performance.now();
	source = new EventSource('/events');
	source.onmessage = (event) => show(JSON.parse(event.data));
	source.onerror = () => {
		if (source && source.readyState === EventSource.CLOSED) { /* refused: no stream to be had */
			stop();
			askAgain();
		}
	};
}

function look() {
	if (!document.hidden) {
		if (!source && !poll) listen();
		return;
	}
	stop();
	if (!lastAnswer) ask(); /* a tab that nobody has looked at: its title tells */
}

setInterval(() => {
	if (source && !document.hidden && performance.now() - Math.max(lastAnswer, opened) > STALE_MS) stale('no event');
}, 1000);
document.addEventListener('visibilitychange', look);
look();
