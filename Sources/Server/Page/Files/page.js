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

// Who obeys the last change, until everybody does.
const receipt = document.querySelector("[data-receipt]");
if (receipt) {
  const text = receipt.querySelector("[data-receipt-text]");
  const list = receipt.querySelector("[data-receipt-nodes]");
  const row = (node) => {
    const [item, name, badge] = ["li", "code", "span"].map((tag) => document.createElement(tag));
    [name.textContent, badge.textContent] = [node.name, node.state];
    badge.className = `badge ${node.kind}`;
    item.append(name, " ", badge);
    return item;
  };
  const look = async () => {
    try {
      const answer = await fetch(receipt.dataset.receipt, { redirect: "error" });
      if (!answer.ok) return;
      const now = await answer.json();
      if (text.textContent !== now.text) text.textContent = now.text;
      list.replaceChildren(...now.nodes.map(row));
      if (now.done) return;
    } catch { return; }
    setTimeout(look, 250);
  };
  look();
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

// Signals as they happen: what the stream tells becomes rows, written as text.
const live = document.querySelector("[data-live]");
if (live && window.EventSource) {
  const find = (id) => document.getElementById(id);
  const [rows, blank] = [find("live-rows"), find("live-row").content.firstElementChild];
  const told = document.querySelector("[data-live-told]");
  const state = live.querySelector("[data-live-state]");
  const button = live.querySelector("button");
  const most = 500;
  let [position, source, isPaused, fresh, timer] = [Number(live.dataset.after), null, false, [], null];

  const show = (text, kind) => {
    if (state.textContent !== text) state.textContent = text;
    state.className = `badge ${kind}`;
  };
  // One sentence a while for who listens, however many there are.
  const tell = () => {
    const newest = fresh[fresh.length - 1];
    told.textContent = `${fresh.length} new: ${newest.signal} ${newest.prefix ?? ""}`;
    [fresh, timer] = [[], null];
  };
  const add = (entry) => {
    const row = blank.cloneNode(true);
    for (const place of row.querySelectorAll("[data-show]")) {
      place.textContent = entry[place.dataset.show] ?? "";
    }
    row.querySelector("time").dateTime = entry.at;
    if (entry.key_path) row.querySelector("[data-path]").href = entry.key_path;
    row.classList.add("fresh");
    rows.prepend(row);
    while (rows.children.length > most) rows.lastElementChild.remove();
    find("live-table").hidden = false;
    if (find("live-empty")) find("live-empty").hidden = true;
    fresh.push(entry);
    timer ??= setTimeout(tell, 1000);
  };
  const stop = () => {
    if (source) source.close();
    source = null;
  };
  const follow = () => {
    if (source || isPaused || document.hidden) return;
    const address = new URL(live.dataset.live, location.href);
    address.searchParams.set("after", position);
    source = new EventSource(address);
    source.onopen = () => show("Live", "active");
    source.onmessage = (event) => {
      const entry = JSON.parse(event.data);
      if (entry.position <= position) return;
      position = entry.position;
      add(entry);
    };
    source.onerror = () => {
      if (!source) return;
      if (source.readyState !== EventSource.CLOSED) return show("Reconnecting", "suspended");
      stop();
      show("Ended: load the page anew", "revoked");
      button.hidden = true;
    };
  };
  button.addEventListener("click", () => {
    isPaused = !isPaused;
    button.setAttribute("aria-pressed", isPaused);
    if (isPaused) { stop(); show("Paused", "suspended"); } else { show("Connecting", ""); follow(); }
  });
  // A browser has few connections to one host: a page that nobody sees keeps none.
  document.addEventListener("visibilitychange", () => { if (document.hidden) stop(); else follow(); });
  live.hidden = false;
  show("Connecting", "");
  follow();
}
