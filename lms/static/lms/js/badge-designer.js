// Redraws the badge in the admin while it is designed: <img data-badge-preview="address"> follows the form's fields.
const picture = document.querySelector('[data-badge-preview]');
const names = ['shape', 'fill', 'rim', 'ink', 'icon', 'line_1', 'line_2'];
let waiting;

function redraw() {
  const design = new URLSearchParams();
  for (const name of names) {
    const field = document.querySelector(`[name="${name}"]`);
    if (field) design.set(name, field.value.trim());
  }
  picture.src = `${picture.dataset.badgePreview}?${design}`;
}

if (picture) {
  document.addEventListener('input', (event) => {
    if (!names.includes(event.target.name)) return;
    clearTimeout(waiting);
    waiting = setTimeout(redraw, 150);
  });
}
