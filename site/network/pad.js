// The drawing pad: mouse, finger, pen and keys become strokes.
//
// drawing_pad(canvas, changed, say) calls changed(strokes) at every change, and say(words) for a screen reader. It
// returns { set, undo, clear }.
"use strict";

const PAD_SIDE = 560, MIDDLE = [UNITS / 2, UNITS / 2], STEP = 4; // pixels; units; units that an arrow key moves
const MOVES = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };

function drawing_pad(canvas, changed, say) {
    let strokes = [], before = null; // the drawing before it was cleared or replaced
    let pen = null, cursor = MIDDLE; // pen: the pointer that draws, or "keys"
    canvas.width = canvas.height = PAD_SIDE;

    function change(next) {
        strokes = next;
        paint();
        changed(strokes);
    }

    function begin(point) {
        change([...strokes, [point]]);
    }

    function extend(points) {
        if (strokes.length) change([...strokes.slice(0, -1), [...strokes.at(-1), ...points]]);
    }

    function set(next) {
        pen = null;
        if (strokes.length) before = strokes;
        change(next);
    }

    function undo() {
        pen = null;
        if (strokes.length) change(strokes.slice(0, -1));
        else if (before) {
            change(before);
            before = null;
        }
    }

    function clear() {
        cursor = MIDDLE;
        set([]);
    }

    // --- the picture -------------------------------------------------------------------------------------------------

    function paint() {
        const context = canvas.getContext("2d"), scale = PAD_SIDE / UNITS;
        context.fillStyle = "black";
        context.fillRect(0, 0, PAD_SIDE, PAD_SIDE);
        Object.assign(context, { strokeStyle: "white", lineCap: "round", lineJoin: "round", lineWidth: PEN * scale });
        for (const [first, ...others] of strokes) {
            context.beginPath();
            context.moveTo(first[0] * scale, first[1] * scale);
            for (const [x, y] of others.length ? others : [first]) context.lineTo(x * scale, y * scale);
            context.stroke();
        }
        if (canvas.matches(":focus-visible")) ring(context, cursor.map(each => each * scale), (PEN * scale) / 2 + 6);
    }

    function ring(context, [x, y], radius) {
        const rings = pen === "keys" ? [["black", 9], ["#E69F00", 6]] : [["black", 7], ["#56B4E9", 4]];
        for (const [colour, width] of rings) {
            Object.assign(context, { strokeStyle: colour, lineWidth: width });
            context.beginPath();
            context.arc(x, y, radius, 0, 2 * Math.PI);
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
        if (pen === event.pointerId) pen = null;
    }

    // --- keys --------------------------------------------------------------------------------------------------------

    function step([x, y]) {
        cursor = [cursor[0] + x, cursor[1] + y].map(each => Math.min(UNITS, Math.max(0, each)));
        if (pen === "keys") extend([cursor]);
    }

    function toggle() {
        pen = pen === "keys" ? null : "keys";
        if (pen) begin(cursor);
        say(pen ? "Pen down." : "Pen up.");
    }

    function press(event) {
        const acts = { " ": toggle, Backspace: undo, Delete: clear };
        if (event.ctrlKey || event.metaKey || event.altKey || typeof pen === "number") return;
        if (MOVES[event.key]) step(MOVES[event.key]);
        else if (acts[event.key] && !(event.repeat && event.key === " ")) acts[event.key]();
        else if (!acts[event.key]) return;
        event.preventDefault();
        paint();
    }

    const listeners = {
        pointerdown: down, pointermove: move, pointerup: up, pointercancel: up, lostpointercapture: up,
        keydown: press, focus: paint, blur: () => { if (pen === "keys") pen = null; paint(); },
        contextmenu: event => event.preventDefault(), // a finger that rests
    };
    for (const [name, listener] of Object.entries(listeners)) canvas.addEventListener(name, listener);
    paint();
    return { set, undo, clear };
}
