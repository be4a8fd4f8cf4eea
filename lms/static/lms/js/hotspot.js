// Regions of an image: pressing one presses its option below, which is the form's truth and the way for the keyboard.

function enhance(group) {
  const controls = [...group.querySelectorAll('input[name="answer"]')];
  const regions = [...group.querySelectorAll("[data-spot]")];
  const of = (region) => controls.find((control) => control.value === region.dataset.spot);

  function mark() {
    for (const region of regions) region.dataset.chosen = String(of(region)?.checked ?? false);
  }

  for (const region of regions) region.addEventListener("click", () => of(region)?.click());
  group.addEventListener("change", mark);
  group.closest("form")?.addEventListener("exam:restored", mark);
  mark();
}

document.querySelectorAll("[data-hotspot]").forEach(enhance);
