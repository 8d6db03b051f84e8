// The list's checkboxes: all of a page at once, and how many are selected.

const ROWS = 'input[name=scan][form=bulk-form]';

/** Without these scripts the boxes work one by one. */
export function enhanceSelection() {
  const count = document.getElementById('selected-count');
  if (!count) return null;
  document.documentElement.classList.add('scripted');

  function update() {
    const rows = [...document.querySelectorAll(ROWS)];
    const selected = rows.filter((row) => row.checked).length;
    const all = document.querySelector('.select-all');
    if (all) {
      all.checked = selected > 0 && selected === rows.length;
      all.indeterminate = selected > 0 && selected < rows.length;
    }
    document.getElementById('bulk-form').classList.toggle('has-selection', selected > 0);
    const text = selected ? `${selected} selected` : '';
    if (count.textContent !== text) count.textContent = text;
  }

  document.addEventListener('change', (event) => {
    if (event.target.matches('.select-all')) {
      for (const row of document.querySelectorAll(ROWS)) row.checked = event.target.checked;
    }
    if (event.target.matches(`.select-all, ${ROWS}`)) update();
  });

  update();
  return { update };
}
