// Widgets without Python. Each box holds the first picture and, as JSON, the controls and all states (site/states.py).
//
// States     `states` has an entry for each combination of values, the last control fastest: an index into `shown`, or
//            null for a step that these values do not have. An entry of `shown` is [width, height, file, sentence].
// Drawings   a widget with a `drawing` has no pictures: a function of excluded_pixels.js draws its states.
// Print      everything that is folded is printed unfolded.
// Keyboard   Tab moves from control to control, arrow keys move a slider, Enter presses a button.
"use strict";

const PICTURES = `${document.documentElement.dataset.content_root ?? ""}states/`;
const BUTTONS = [["First step", "|◀", () => 0], ["Previous step", "◀", at => at - 1], ["Next step", "▶", at => at + 1]];

function explore(box) {
    const widget = JSON.parse(box.querySelector("script").textContent);
    const at = widget.controls.map(control => control.start); // the position of each control among its values
    const inputs = widget.controls.map((control, k) => makeInput(control, value => move(k, value)));
    const image = box.querySelector("img");
    const picture = element("div", { className: "explore-picture", tabIndex: 0 });
    picture.setAttribute("role", "group");
    picture.setAttribute("aria-label", "Picture");
    const sentence = element("p", { className: "explore-sentence" });
    sentence.setAttribute("aria-live", "polite");

    function move(k, value) {
        at[k] = value;
        showControls();
        if (widget.drawing) draw();
        else show(widget.shown[widget.states[stateAt(at)]]);
    }

    function showControls() {
        widget.controls.forEach((control, k) => { if (control.kind === "steps") clamp(k); });
        inputs.forEach((input, k) => input.show(at[k]));
    }

    // --- states that were drawn beforehand ---------------------------------------------------------------------------

    function stateAt(positions) {
        return positions.reduce((index, position, k) => index * widget.controls[k].values.length + position, 0);
    }

    function clamp(k) {
        const isStep = value => widget.states[stateAt(at.with(k, value))] !== null;
        inputs[k].last = widget.controls[k].values.findLastIndex((_, value) => isStep(value));
        at[k] = Math.min(at[k], inputs[k].last);
    }

    function show([width, height, file, text]) {
        sentence.textContent = text;
        const next = new Image(width, height);
        next.src = PICTURES + file;
        next.alt = text;
        const isLast = () => sentence.textContent === text; // no other state was chosen while it was loaded
        next.decode().then(() => { if (isLast()) place(next, height); }, () => { if (isLast()) place(text, 0); });
    }

    // --- states that are drawn here ----------------------------------------------------------------------------------

    function draw() {
        const drawn = drawings[widget.drawing](...at.map((position, k) => widget.controls[k].values[position]));
        sentence.textContent = drawn.sentence;
        place(drawn.svg ?? drawn.sentence, drawn.height);
    }

    function place(content, height) {
        picture.style.minHeight = `${Math.max(parseFloat(picture.style.minHeight) || 0, height)}px`; // it never shrinks
        picture.replaceChildren(content);
    }

    const controls = element("div", { className: "explore-controls" });
    controls.append(...inputs.filter((_, k) => widget.controls[k].values.length > 1).map(input => input.row));
    const notes = widget.notes?.length
        ? [element("p", { className: "explore-note", textContent: `Fewer values here than in the notebook: ${widget.notes.join("; ")}.` })]
        : [];
    box.classList.toggle("wide", widget.controls.length > 4);
    box.replaceChildren(controls, picture, sentence, ...notes);
    showControls();
    if (widget.drawing) draw();
    else { // the stored picture is the first state: nothing is loaded before a control is moved
        sentence.textContent = image.alt;
        place(image, image.height);
    }
}

// --- controls -----------------------------------------------------------------------------------------------------------

function element(tag, properties) {
    return Object.assign(document.createElement(tag), properties);
}

// Return the row of a control, and a function that shows a position in it; `last` is the last position there is.
function makeInput(control, change) {
    const row = element("div", { className: `explore-control ${control.kind}` });
    const label = element("label", {});
    const input = control.kind === "menu" ? menu(control) : slider(control);
    const value = element("output", {});
    const made = { row, last: control.values.length - 1, show };
    input.addEventListener("input", () => change(Number(input.value)));
    label.append(element("span", { textContent: control.name }), input);
    row.append(label, ...(control.kind === "menu" ? [] : [value]));
    const buttons = control.kind === "steps" ? BUTTONS.map(([name, sign, next]) => {
        const button = element("button", { type: "button", textContent: sign, title: name });
        button.setAttribute("aria-label", name);
        button.addEventListener("click", () => change(Math.min(made.last, Math.max(0, next(Number(input.value))))));
        return button;
    }) : [];
    row.append(...buttons);

    function show(position) {
        if (control.kind !== "menu") input.max = made.last;
        input.value = position;
        value.textContent = control.values[position] + (control.kind === "steps" ? ` of ${made.last + 1}` : "");
        if (control.kind !== "menu") input.setAttribute("aria-valuetext", value.textContent);
    }
    return made;
}

function slider(control) {
    return element("input", { type: "range", min: 0, max: control.values.length - 1, step: 1 });
}

function menu(control) {
    const select = element("select", {});
    select.append(...control.values.map((text, value) => element("option", { value, textContent: text })));
    return select;
}

document.querySelectorAll(".explore").forEach(explore);
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach(each => { each.open = true; }));

// Code that is wider than its box is reached by Tab, so that the arrow keys can scroll it.
function reachWideCode() {
    for (const each of document.querySelectorAll("pre")) if (each.scrollWidth > each.clientWidth) each.tabIndex = 0;
}
reachWideCode();
addEventListener("toggle", reachWideCode, true);
