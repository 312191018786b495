"use strict";
// What all pages share: making elements, and the choice between light and dark.

function make(tag, attributes, ...children) {
  const svg = ["svg", "g", "rect", "path", "text", "title", "defs", "marker"].includes(tag);
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function prefersDark() {
  try {  // the notebook that this page is shown in
    const body = window.parent.document.body;
    if (window.parent !== window) {
      if (body.dataset.jpThemeLight !== undefined) return body.dataset.jpThemeLight === "false";
      if (body.dataset.vscodeThemeKind) return body.dataset.vscodeThemeKind.includes("dark");
    }
  } catch (blocked) { /* another origin */ }
  return window.matchMedia && window.matchMedia("(prefers-color-scheme: dark)").matches;
}

document.documentElement.classList.toggle("dark", prefersDark());

function themeButton() {
  return make("button", { title: "light or dark", id: "theme",
    onclick: () => document.documentElement.classList.toggle("dark") }, "◐");
}
