// Redraws every static figure with tooltips; without scripts the SVG stays.
for (const script of document.querySelectorAll('script[data-for]')) {
  const plot = document.getElementById(script.dataset.for);
  const still = plot.innerHTML;
  vegaEmbed(plot, JSON.parse(script.textContent), { renderer: 'svg', actions: false })
    .then(() => { plot.dataset.drawn = 'yes'; })
    .catch((problem) => { plot.innerHTML = still; console.error(problem); });
}
