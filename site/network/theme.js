// Light, dark, or as the system has it. The choice is stored as the other pages store it.
"use strict";

const THEMES = ["auto", "light", "dark"];

function stored_theme() {
    try {
        return THEMES.includes(localStorage.getItem("theme")) ? localStorage.getItem("theme") : "auto";
    } catch {
        return "auto"; // a browser that keeps nothing for this page
    }
}

function show_theme(theme) {
    document.documentElement.dataset.theme = theme;
    const button = document.getElementById("theme");
    if (button) button.textContent = `Theme: ${theme}`;
}

show_theme(stored_theme());
document.addEventListener("DOMContentLoaded", () => {
    let theme = stored_theme();
    show_theme(theme);
    document.getElementById("theme").addEventListener("click", () => {
        theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
        show_theme(theme);
        try {
            localStorage.setItem("theme", theme);
        } catch { /* the choice holds until the page is left */ }
    });
});
