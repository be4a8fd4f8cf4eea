// <ol data-ordering> with <li data-ordering-item>, each with a [data-ordering-label] and one number input or select that
// holds its position (1, 2, ...). Adds "move up" and "move down" buttons and hides the number fields, which stay the
// form's truth. Without JavaScript the numbers are typed.

function button(direction, label) {
  const node = document.createElement("button");
  node.type = "button";
  node.className = "icon-button";
  node.dataset.move = direction;
  node.textContent = direction === "up" ? "↑" : "↓";
  node.setAttribute("aria-label", `Move ${direction}: ${label}`);
  return node;
}

function position(item) {
  return Number(item.querySelector("input, select").value) || Number.MAX_SAFE_INTEGER;
}

function enhance(list) {
  const items = () => [...list.querySelectorAll(":scope > [data-ordering-item]")];
  const status = document.createElement("p");
  status.className = "sr-only";
  status.setAttribute("role", "status");
  list.after(status);

  function renumber() {
    const all = items();
    all.forEach((item, index) => {
      item.querySelector("input, select").value = String(index + 1);
      item.querySelector('[data-move="up"]').setAttribute("aria-disabled", String(index === 0));
      item.querySelector('[data-move="down"]').setAttribute("aria-disabled", String(index === all.length - 1));
    });
  }

  const isAnswered = items().every((item) => item.querySelector("input, select").value !== "");
  for (const item of items().sort((a, b) => position(a) - position(b))) list.append(item);
  for (const item of items()) {
    const control = item.querySelector("input, select");
    const label = item.querySelector("[data-ordering-label]").textContent.trim();
    (control.closest("label") ?? control).hidden = true;
    const buttons = document.createElement("span");
    buttons.className = "ordering-buttons";
    buttons.append(button("up", label), button("down", label));
    item.append(buttons);
  }
  // An unanswered list stays unanswered until something is moved: its shown order is not an answer.
  if (isAnswered) renumber();

  list.addEventListener("click", (event) => {
    const pressed = event.target.closest("[data-move]");
    if (!pressed || pressed.getAttribute("aria-disabled") === "true") return;
    const item = pressed.closest("[data-ordering-item]");
    const neighbour = pressed.dataset.move === "up" ? item.previousElementSibling : item.nextElementSibling;
    if (!neighbour) return;
    if (pressed.dataset.move === "up") neighbour.before(item);
    else neighbour.after(item);
    renumber();
    pressed.focus();
    const label = item.querySelector("[data-ordering-label]").textContent.trim();
    status.textContent = `${label}: now ${items().indexOf(item) + 1} of ${items().length}`;
    item.querySelector("input, select").dispatchEvent(new Event("change", { bubbles: true }));
  });
}

document.querySelectorAll("[data-ordering]").forEach(enhance);
