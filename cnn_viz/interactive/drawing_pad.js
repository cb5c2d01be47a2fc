// The drawing pad in the page: mouse, finger, pen and keys become strokes, which the model carries to Python.
//
// State      model.get("drawing"): { strokes, started }. Strokes are lists of points [x, y] in hundredths of the pad's
//            side; `started` says whether the picture that the pad began with is still on it.
// Traffic    a moving pen sends the drawing at most every INTERVAL; while Python draws, ipywidgets holds back all
//            but the latest. Nothing is asked from a network, and no text is read as HTML.

const UNITS = 100, SIDE = 560; // of a point; pixels of the canvas, twice those of the page
const INTERVAL = 80, REST = 700; // milliseconds between two messages; of quiet before the sentence is read aloud
const STEP = 4; // units that an arrow key moves the cursor
const MOVES = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
const KEYS = "Keys: arrows move, Space puts the pen down or lifts it, Backspace undoes, Delete clears.";

function render({ model, el }) {
    const { canvas, undoButton, clearButton, said } = elements(el);
    const start = new Image();
    let pen = null; // the pointer that draws, or "keys"
    let cursor = [UNITS / 2, UNITS / 2];
    let cleared = null; // the drawing before it was cleared
    let sending = null, saying = null; // timers

    // --- the drawing -------------------------------------------------------------------------------------------------

    const drawing = () => model.get("drawing");

    function send() {
        clearTimeout(sending);
        sending = null;
        model.save_changes();
    }

    function change(next, at_once) {
        model.set("drawing", next);
        if (at_once) send();
        else sending ??= setTimeout(send, INTERVAL);
    }

    function begin(point) {
        change({ ...drawing(), strokes: [...drawing().strokes, [point]] });
    }

    function extend(points) {
        const strokes = drawing().strokes;
        if (strokes.length) change({ ...drawing(), strokes: [...strokes.slice(0, -1), [...strokes.at(-1), ...points]] });
    }

    function lift() {
        pen = null;
        send();
    }

    function undo() {
        pen = null;
        if (drawing().strokes.length) change({ ...drawing(), strokes: drawing().strokes.slice(0, -1) }, true);
        else if (cleared) {
            change(cleared, true);
            cleared = null;
        }
    }

    function clear() {
        pen = null;
        if (drawing().strokes.length || drawing().started) cleared = drawing();
        change({ strokes: [], started: false }, true);
    }

    // --- the canvas --------------------------------------------------------------------------------------------------

    function paint() {
        const context = canvas.getContext("2d"), scale = SIDE / UNITS;
        context.fillStyle = "black";
        context.fillRect(0, 0, SIDE, SIDE);
        if (drawing().started && start.complete && start.naturalWidth) context.drawImage(start, 0, 0, SIDE, SIDE);
        Object.assign(context, { strokeStyle: "white", lineCap: "round", lineJoin: "round" });
        context.lineWidth = model.get("pen") * scale;
        for (const [first, ...others] of drawing().strokes) {
            context.beginPath();
            context.moveTo(first[0] * scale, first[1] * scale);
            for (const [x, y] of others.length ? others : [first]) context.lineTo(x * scale, y * scale);
            context.stroke();
        }
        if (canvas.matches(":focus-visible")) ring(context, cursor.map(each => each * scale), context.lineWidth / 2);
    }

    function ring(context, [x, y], radius) {
        const rings = pen === "keys" ? [["black", 9], ["#E69F00", 6]] : [["black", 7], ["#56B4E9", 4]];
        for (const [colour, width] of rings) {
            Object.assign(context, { strokeStyle: colour, lineWidth: width });
            context.beginPath();
            context.arc(x, y, radius + 6, 0, 2 * Math.PI);
            context.stroke();
        }
    }

    // --- mouse, finger and pen ---------------------------------------------------------------------------------------

    function place(event) {
        const box = canvas.getBoundingClientRect();
        const at = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
        return at.map(share => Math.round(10 * UNITS * Math.min(1, Math.max(0, share))) / 10);
    }

    function down(event) {
        if (typeof pen === "number" || event.button !== 0) return; // a second finger, another button of the mouse
        event.preventDefault();
        pen = event.pointerId;
        canvas.setPointerCapture(pen);
        canvas.focus({ preventScroll: true });
        cursor = place(event);
        begin(cursor);
    }

    function move(event) {
        if (pen !== event.pointerId) return;
        const all = event.getCoalescedEvents?.() ?? [];
        const points = (all.length ? all : [event]).map(place);
        cursor = points.at(-1);
        extend(points);
    }

    function up(event) {
        if (pen === event.pointerId) lift();
    }

    // --- keys --------------------------------------------------------------------------------------------------------

    function step([x, y]) {
        cursor = [cursor[0] + x, cursor[1] + y].map(each => Math.min(UNITS, Math.max(0, each)));
        if (pen === "keys") extend([cursor]);
    }

    function toggle() {
        if (pen === "keys") lift();
        else {
            pen = "keys";
            begin(cursor);
        }
        say(pen ? "Pen down." : "Pen up.");
    }

    function press(event) {
        const acts = { " ": toggle, Backspace: undo, Delete: clear };
        if (event.ctrlKey || event.metaKey || event.altKey || typeof pen === "number") return;
        if (MOVES[event.key]) step(MOVES[event.key]);
        else if (acts[event.key] && !(event.repeat && event.key === " ")) acts[event.key]();
        else if (!acts[event.key]) return;
        event.preventDefault();
        event.stopPropagation();
        paint();
    }

    // --- the words for screen readers --------------------------------------------------------------------------------

    function say(text) {
        said.textContent = text;
    }

    function say_later() {
        clearTimeout(saying);
        saying = setTimeout(() => say(model.get("sentence")), REST);
    }

    const listeners = {
        pointerdown: down, pointermove: move, pointerup: up, pointercancel: up, lostpointercapture: up,
        keydown: press, focus: paint, blur: () => { if (pen === "keys") lift(); paint(); },
        contextmenu: event => { event.preventDefault(); event.stopPropagation(); }, // a finger that rests
    };
    for (const [name, listener] of Object.entries(listeners)) canvas.addEventListener(name, listener);
    undoButton.addEventListener("click", undo);
    clearButton.addEventListener("click", clear);
    model.on("change:drawing", paint);
    model.on("change:sentence", say_later);
    start.addEventListener("load", paint);
    if (model.get("start")) start.src = model.get("start");
    paint();

    return () => {
        if (sending !== null) send();
        clearTimeout(saying);
        model.off("change:drawing", paint);
        model.off("change:sentence", say_later);
    };
}

function elements(el) {
    const made = (tag, properties) => Object.assign(document.createElement(tag), properties);
    const canvas = made("canvas", { width: SIDE, height: SIDE, tabIndex: 0 });
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", `Drawing pad. ${KEYS}`);
    const undoButton = made("button", { type: "button", textContent: "Undo" });
    const clearButton = made("button", { type: "button", textContent: "Clear" });
    const row = made("div", { className: "drawing-pad-buttons" });
    const help = made("p", { textContent: `Draw with the mouse, a finger or a pen. ${KEYS}` });
    const said = made("div", { className: "drawing-pad-said" });
    said.setAttribute("aria-live", "polite");
    row.append(undoButton, clearButton);
    el.classList.add("drawing-pad");
    el.setAttribute("data-lm-suppress-shortcuts", "true"); // JupyterLab's shortcuts: keys pressed here are the pad's
    el.append(canvas, row, help, said);
    return { canvas, undoButton, clearButton, said };
}

export default { render };
