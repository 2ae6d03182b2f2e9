// A chosen alert shows its cutouts without a new page; without this script its link does so.
"use strict";
const alertId = document.getElementById("cutouts-of");

function choose(link) {
  const id = link.dataset.alert;
  for (const image of document.querySelectorAll("img[data-kind]")) {
    const address = new URL(image.src);
    address.searchParams.set("alert", id);
    if (address.href !== image.src) image.src = address.href;
  }
  for (const one of document.querySelectorAll("#packet, a[data-fits]")) {
    const address = new URL(one.href);
    address.searchParams.set("alert", id);
    one.href = address.href;
  }
  alertId.textContent = id;
  for (const one of document.querySelectorAll("a.point")) one.classList.toggle("chosen", one.dataset.alert === id);
}

if (alertId) {
  for (const link of document.querySelectorAll("a[data-alert]")) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      choose(link);
      history.replaceState(null, "", link.href);
      if (!link.classList.contains("point")) document.getElementById("cutouts").scrollIntoView();
    });
    if (link.classList.contains("point")) link.addEventListener("pointerenter", () => choose(link));
  }
}

// A light curve is drawn closer by its buttons, by the wheel, and moved by the pointer or the arrow keys.
for (const figure of document.querySelectorAll("figure[data-zoom]")) {
  const svg = figure.querySelector("svg");
  const { width, height } = svg.viewBox.baseVal;
  const view = { x: 0, y: 0, scale: 1 };

  const show = () => {
    view.scale = Math.min(Math.max(view.scale, 1), 40);
    const [w, h] = [width / view.scale, height / view.scale];
    view.x = Math.min(Math.max(view.x, 0), width - w);
    view.y = Math.min(Math.max(view.y, 0), height - h);
    svg.setAttribute("viewBox", `${view.x} ${view.y} ${w} ${h}`);
    svg.style.setProperty("--scale", 1 / view.scale);
  };
  const closer = (factor, x = 0.5, y = 0.5) => {
    const before = view.scale;
    view.scale = Math.min(Math.max(view.scale * factor, 1), 40);
    view.x += x * (width / before - width / view.scale);
    view.y += y * (height / before - height / view.scale);
    show();
  };
  const move = (x, y) => {
    view.x += (x * width) / view.scale;
    view.y += (y * height) / view.scale;
    show();
  };

  const bar = document.createElement("div");
  bar.className = "zoom";
  const acts = [["+", "Closer", () => closer(1.5)], ["\u2212", "Farther", () => closer(1 / 1.5)], ["\u2190", "Earlier", () => move(-0.25, 0)],
    ["\u2192", "Later", () => move(0.25, 0)], ["All", "Show all", () => closer(0)]];
  for (const [text, name, act] of acts) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.setAttribute("aria-label", name);
    button.addEventListener("click", act);
    bar.append(button);
  }
  figure.append(bar);
  svg.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && view.scale === 1 && event.deltaY > 0) return;
    event.preventDefault();
    const box = svg.getBoundingClientRect();
    closer(event.deltaY < 0 ? 1.25 : 0.8, (event.clientX - box.x) / box.width, (event.clientY - box.y) / box.height);
  }, { passive: false });
  let held = null;
  svg.addEventListener("pointerdown", (event) => { if (view.scale > 1 && !event.target.closest("a")) held = [event.clientX, event.clientY]; });
  addEventListener("pointerup", () => { held = null; });
  svg.addEventListener("pointermove", (event) => {
    if (!held) return;
    const box = svg.getBoundingClientRect();
    move((held[0] - event.clientX) / box.width, (held[1] - event.clientY) / box.height);
    held = [event.clientX, event.clientY];
  });
}

const live = document.getElementById("live");
if (live) {
  const state = document.getElementById("live-state");
  const source = new EventSource(live.dataset.events);
  source.onopen = () => { state.textContent = "Listening; alerts appear as they are sent."; };
  source.onerror = () => { state.textContent = "Not connected; trying again."; };
  source.onmessage = (event) => {
    const told = JSON.parse(event.data);
    const row = live.insertRow(0);
    const link = document.createElement("a");
    link.href = `/search?q=${encodeURIComponent(told.alert_id)}`;
    link.textContent = told.alert_id;
    for (const value of [told.publish_time, link, told.topic, told.partition, told.offset]) row.insertCell().append(value);
    while (live.rows.length > 200) live.deleteRow(-1);
  };
}
