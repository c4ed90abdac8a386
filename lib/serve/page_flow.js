/* The picture of the flow: a column for each stage, the topics that feed it
 * beside or below it, and a stream between any two that are connected, with
 * its rate, faster and wider the more flows. Streams are drawn from where the
 * boxes are, so the same code serves a wide screen and a phone. */

const boxes = new Map(); /* name -> elements of a stage, topic or note */
const edges = new Map(); /* 'from>to' -> {from, to, elements, rate} */
let shape = ''; /* what is connected, to build it once */

function makeBox(name, kind) {
	const box = { name, kind, label: make('h2'), count: make('div', 'count'), chip: make('div', 'chip-line'), exits: make('ul', 'exits'), spark: makeSpark() };
	box.e = make('div', 'box ' + kind, box.label, box.count, box.chip, box.exits);
	if (kind === 'stage') box.e.append(box.spark.svg);
	boxes.set(name, box);
	return box.e;
}

function makeEdge(from, to) {
	const edge = { from, to, rate: 0, track: draw('path', 'track'), stream: draw('path', 'stream'), label: draw('text', 'rate', { 'text-anchor': 'middle' }) };
	byId('edges').append(edge.track, edge.stream, edge.label);
	edges.set(from + '>' + to, edge);
}

/* First the topics of the first stage, then a column a stage; its topics stand below it. */
function buildFlow(s) {
	const wanted = JSON.stringify([s.flow.map((f) => [f.name, f.feeds]), s.inputs.map((i) => i.input)]);
	if (wanted === shape) return;
	shape = wanted;
	boxes.clear();
	edges.clear();
	byId('edges').replaceChildren();
	const cols = s.flow.map((f) => make('li', 'col', makeBox(f.name, 'stage')));
	const first = make('li', 'col first');
	s.flow.forEach((f, i) => {
		for (const input of f.feeds) (i === 0 ? first : cols[i]).append(makeBox('input:' + input, 'topic'));
	});
	cols[0].append(makeBox('note:time', 'note'));
	cols[cols.length - 1].append(makeBox('note:kafka', 'note'));
	byId('cols').replaceChildren(first, ...cols);
	s.flow.forEach((f, i) => {
		for (const input of f.feeds) makeEdge('input:' + input, f.name);
		if (i > 0) makeEdge(s.flow[i - 1].name, f.name);
	});
}

/* ---- where streams run ---- */

function rect(name) {
	const e = boxes.get(name).e;
	let x = 0, y = 0;
	for (let p = e; p && p.id !== 'map'; p = p.offsetParent) { x += p.offsetLeft; y += p.offsetTop; }
	return { x, y, w: e.offsetWidth, h: e.offsetHeight };
}

/* Path and place of the label. */
function route(from, to) {
	const a = rect(from), b = rect(to);
	if (b.x >= a.x + a.w) {
		const y1 = a.y + a.h / 2, x1 = a.x + a.w, x2 = b.x - 1;
		const y2 = boxes.get(from).kind === 'stage' ? y1 : Math.min(Math.max(y1, b.y + 24), b.y + b.h - 24);
		const mid = (x1 + x2) / 2;
		return { d: `M${x1} ${y1}C${mid} ${y1} ${mid} ${y2} ${x2} ${y2}`, x: mid, y: Math.min(y1, y2) - 8 };
	}
	if (a.x >= b.x + b.w) {
		const y1 = a.y + a.h / 2, y2 = Math.min(Math.max(y1, b.y + 24), b.y + b.h - 24), x2 = b.x + b.w + 1, mid = (a.x + x2) / 2;
		return { d: `M${a.x} ${y1}C${mid} ${y1} ${mid} ${y2} ${x2} ${y2}`, x: mid, y: Math.min(y1, y2) - 8 };
	}
	const up = a.y > b.y;
	const x = boxes.get(from).kind === 'stage' ? a.x + 22 : a.x + a.w / 2;
	const y1 = up ? a.y : a.y + a.h, y2 = up ? b.y + b.h + 1 : b.y - 1;
	const into = Math.min(Math.max(x, b.x + 22), b.x + b.w - 22), mid = (y1 + y2) / 2;
	return { d: `M${x} ${y1}C${x} ${mid} ${into} ${mid} ${into} ${y2}`, x: x + 30, y: mid + 4 };
}

function layEdges() {
	if (boxes.size === 0) return;
	const map = byId('map'), svg = byId('edges');
	svg.setAttribute('viewBox', `0 0 ${map.offsetWidth} ${map.offsetHeight}`);
	for (const edge of edges.values()) {
		const { d, x, y } = route(edge.from, edge.to);
		edge.track.setAttribute('d', d);
		edge.stream.setAttribute('d', d);
		edge.label.setAttribute('x', x);
		edge.label.setAttribute('y', y);
	}
}

/* ---- what is in them ---- */

function showRate(edge, rate) {
	put(edge.label, rateText(rate));
	edge.stream.classList.toggle('flowing', rate > 0);
	const pace = rate > 0 ? Math.max(0.25, 1.8 - 0.4 * Math.log10(1 + rate)).toFixed(1) + 's' : '1s';
	const width = rate > 0 ? Math.min(7, 2.5 + Math.log10(1 + rate)).toFixed(1) + 'px' : '2px';
	if (edge.pace !== pace) edge.stream.style.setProperty('--pace', (edge.pace = pace)); /* a change restarts the animation */
	if (edge.width !== width) edge.stream.style.setProperty('--width', (edge.width = width));
}

/* A name may break behind a dot. */
function putName(e, text) {
	if (e.textContent === text) return;
	e.replaceChildren(...text.split(/(?<=\.)/).flatMap((part) => [part, make('wbr')]));
}

function showBox(name, label, count, chip, busy, exits) {
	const box = boxes.get(name);
	putName(box.label, label);
	put(box.count, count);
	box.chip.hidden = !chip;
	put(box.chip, chip);
	box.chip.classList.toggle('busy', busy);
	box.exits.hidden = exits.length === 0;
	box.exits.replaceChildren(...exits.map(([word, n]) => make('li', n === 0 ? 'none' : '', make('span', '', word), make('b', '', number(n)))));
	return box;
}

function showStage(f, i, s) {
	const samples = remember('stage:' + f.name, f.count, s.at, true);
	const waits = known(f.waiting) ? number(f.waiting) + ' ' + f.waiting_label : '';
	const box = showBox(f.name, f.label, number(f.count), waits, f.waiting > 0, f.exits.map((x) => [x.label, x.count]));
	box.e.title = f.help;
	box.spark.show(stepsOf(samples));
	if (i > 0) showRate(edges.get(s.flow[i - 1].name + '>' + f.name), rateOf(samples));
	for (const name of f.feeds) {
		const input = s.inputs.find((x) => x.input === name);
		const lag = s.partitions.filter((p) => p.input === name).reduce((sum, p) => sum + (p.lag || 0), 0);
		const topic = showBox('input:' + name, input.topic || name, number(input.consumed), lag > 0 ? number(lag) + ' behind' : '', true, []);
		topic.e.title = input.topic;
		showRate(edges.get('input:' + name + '>' + f.name), rateOf(remember('input:' + name, input.consumed, s.at, true)));
	}
}

function showNotes(s) {
	const slowest = s.partitions.find((p) => p.slowest);
	const lead = known(s.watermark_ms);
	const d = s.delivery;
	showBox('note:time', 'Watermark', lead ? clock(s.watermark_ms, s.now_ms) : 'none yet', '', false, []);
	boxes.get('note:time').exits.hidden = false;
	boxes.get('note:time').exits.replaceChildren(make('li', 'none', make('span', '', lead ? span(s.now_ms - s.watermark_ms) + ' behind the clock' : 'no event yet')),
		make('li', 'none', make('span', 'follow', slowest ? 'follows ' + slowest.topic + ' / ' + slowest.partition : '')));
	showBox('note:kafka', 'Transactions', number(d.transactions_committed), '', false, []);
	boxes.get('note:kafka').exits.hidden = false;
	boxes.get('note:kafka').exits.replaceChildren(make('li', 'none', make('span', '', 'commit'), make('b', '', millis(d.commit_p50_ms))),
		make('li', 'none', make('span', '', 'transaction'), make('b', '', millis(d.publish_p50_ms))));
}

function drawFlow(s) {
	buildFlow(s);
	s.flow.forEach((f, i) => showStage(f, i, s));
	showNotes(s);
	layEdges();
}

new ResizeObserver(layEdges).observe(byId('map'));
