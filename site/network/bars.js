// Ten bars, and the words for numbers.
"use strict";

const DIGITS_10 = [...Array(10).keys()];

function element(tag, properties = {}, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
}

function by_id(id) {
    return document.getElementById(id);
}

function percent(share) {
    const rounded = Math.round(100 * share);
    return share > 0 && share < 0.01 ? "<\u20091\u2009%" : share < 1 && rounded === 100 ? ">\u200999\u2009%" : `${rounded}\u2009%`;
}

function number(value, digits = 2) {
    return (Object.is(Math.round(value * 10 ** digits), -0) ? 0 : value).toFixed(digits).replace("-", "−");
}

function argmax(values) {
    return values.indexOf(Math.max(...values));
}

function answer_sentence(probabilities) {
    const best = argmax(probabilities);
    return `Most likely ${best === 8 ? "an" : "a"} ${best}, ${percent(probabilities[best])}`;
}

// Bars in a parent; `choose(digit)` is called when one is chosen, and without it the bars only show.
function make_bars(parent, choose) {
    const rows = DIGITS_10.map(digit => {
        const fill = element("i", { className: "fill" }), before = element("i", { className: "before" });
        const share = element("span", { className: "share" }), score = element("span", { className: "score" });
        const bar = element("span", { className: "bar" }, fill, before);
        const name = element("span", { className: "digit", textContent: digit });
        const input = element("input", { type: "radio", name: "score", value: digit, className: "hidden" });
        if (choose) input.addEventListener("change", () => choose(digit));
        const row = element(choose ? "label" : "div", { className: "row" }, ...(choose ? [input] : []), name, bar, share, score);
        parent.append(row);
        return { row, fill, before, share, score, input };
    });
    return (scores, probabilities, chosen, without = null) => rows.forEach((each, digit) => {
        each.fill.style.width = `${100 * probabilities[digit]}%`;
        each.before.style.width = without ? `${100 * without[digit]}%` : "0";
        each.before.hidden = !without;
        each.share.textContent = percent(probabilities[digit]);
        each.score.textContent = number(scores[digit], 1);
        each.row.classList.toggle("best", digit === argmax(probabilities));
        each.row.classList.toggle("chosen", digit === chosen);
        each.input.checked = digit === chosen;
    });
}
