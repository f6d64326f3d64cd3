// What a page can do better with JavaScript. Without it everything works.
"use strict";

// The error summary is what somebody who can't see the page hears first.
const summary = document.querySelector("[data-focus]");
if (summary) summary.focus();

for (const button of document.querySelectorAll("[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  if (!source || !navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const told = document.querySelector("[data-copied]");
    try {
      await navigator.clipboard.writeText(source.textContent);
      told.textContent = "Copied.";
    } catch {
      getSelection().selectAllChildren(source);
      told.textContent = "It is selected: copy it with the keyboard.";
    }
  });
}

// How long an overlap has to go.
for (const time of document.querySelectorAll("[data-countdown]")) {
  const end = Date.parse(time.dateTime);
  const show = () => {
    const seconds = Math.max(0, Math.round((end - Date.now()) / 1000));
    const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]]
      .map(([size, unit], index, all) => {
        const above = index > 0 ? all[index - 1][0] : Infinity;
        return [Math.floor((seconds % above) / size), unit];
      });
    const first = Math.max(0, parts.findIndex(([count]) => count > 0));
    time.textContent = seconds === 0
      ? "now" : "in " + parts.slice(first, first + 2).map(([n, unit]) => `${n} ${unit}`).join(" ");
  };
  show();
  setInterval(show, 1000);
}

// Ticked keys: all at once, how many there are, and no button without any.
for (const form of document.querySelectorAll("[data-bulk]")) {
  const boxes = [...form.querySelectorAll("input[name=id]")];
  const buttons = [...form.querySelectorAll("button[name=action]")];
  const count = form.querySelector("[data-count]");
  const head = form.querySelector("th.tick");
  if (!boxes.length || !head || !count) continue;
  const all = document.createElement("input");
  all.type = "checkbox";
  all.setAttribute("aria-label", "Tick all on this page");
  head.replaceChildren(all);
  const show = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    count.textContent = ticked === 0 ? "No key ticked" : `${ticked} ticked:`;
    for (const button of buttons) button.disabled = ticked === 0;
    all.checked = ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  };
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    show();
  });
  form.addEventListener("change", show);
  show();
}
