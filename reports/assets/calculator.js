// The usage calculator: the rules of reports/pages/calculator.py, run in the page. The state stands in the address.
const DAYS = 365 / 12;
const data = JSON.parse(document.getElementById('calculator-data').textContent);
const fields = [...document.querySelectorAll('#calculator [name]')];
const fixed = (value, digits) =>
  '$' + Number(value.toFixed(digits)).toLocaleString('en-US', { minimumFractionDigits: digits });
const dollars = (value) => fixed(value, value < 1 ? 4 : 2);

function options(usage) {
  const hours = usage.hours * DAYS;
  const fits = (row) => (usage.gpu ? row.gpu === usage.gpu : row.memory >= usage.memory);
  const found = [];
  const add = (way, gpu, month, remark, url) => found.push({ way, gpu, month, hour: month / hours, remark, url });
  const best = new Map();
  for (const offer of data.offers.filter(fits)) {
    const key = JSON.stringify([offer.provider, offer.sold]);
    if (!best.has(key) || offer.usd < best.get(key).usd) best.set(key, offer);
  }
  for (const offer of best.values()) {
    const lost = offer.sold === 'on_demand' ? 0 : usage.lost;
    const way = `${offer.provider}${offer.region ? ', ' + offer.region : ''}, ${offer.sold.replace('_', ' ')}`;
    const again = lost ? `, ${Math.round(lost * 100)}% of the work done again` : '';
    add(way, offer.gpu, offer.usd * hours / (1 - lost), `${dollars(offer.usd)} an hour${again}`, offer.url);
  }
  for (const plan of data.plans.filter(fits)) {
    const short = Math.max(0, hours * plan.rate - plan.units);
    if (short && plan.usd_per_unit === null) continue;
    const remark = `${plan.rate} units an hour as stated on ${plan.stated}`;
    add(`${plan.provider}, ${plan.plan}`, plan.gpu, plan.fee + (short && short * plan.usd_per_unit), remark, plan.url);
  }
  for (const tier of data.free.filter(fits)) {
    if (hours * 12 / 365 * 7 > tier.hours) continue;
    const remark = `up to ${tier.hours} hours a week as stated on ${tier.stated}`;
    add(`${tier.provider}, ${tier.tier}`, tier.gpu, 0, remark, tier.url);
  }
  const own = usage.price / (12 * usage.years) + usage.watts / 1000 * usage.kwh * hours;
  add('a machine of your own', 'yours', own, 'its price over its years, and its power', '');
  const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  return found.sort((a, b) => a.month - b.month || order(a.way, b.way) || order(a.gpu, b.gpu));
}

function breakEven(usage) {
  const fits = (row) => (usage.gpu ? row.gpu === usage.gpu : row.memory >= usage.memory);
  const rates = data.offers.filter((offer) => offer.sold === 'on_demand' && fits(offer)).map((offer) => offer.usd);
  if (!rates.length) return 'Nobody rents such a GPU out on demand.';
  const least = Math.min(...rates);
  const saved = least - usage.watts / 1000 * usage.kwh;
  const hours = usage.price / (12 * usage.years) / saved;
  if (saved <= 0 || hours > 24 * DAYS) {
    return `Renting at ${dollars(least)} an hour on demand is cheaper than owning at any number of hours.`;
  }
  return `Against ${dollars(least)} an hour on demand, owning pays from ${(hours / DAYS).toFixed(1)} hours a day `
    + `(${hours.toFixed(0)} a month) on.`;
}

function show() {
  if (!fields.every((field) => field.checkValidity())) return;
  const usage = Object.fromEntries(
    fields.map((field) => [field.name, field.name === 'gpu' ? field.value : Number(field.value)]),
  );
  const memory = document.querySelector('#calculator [name=memory]');
  memory.disabled = usage.gpu !== '';
  history.replaceState(null, '', '#' + new URLSearchParams(usage));
  document.getElementById('break-even').textContent = breakEven(usage);
  const found = options(usage).slice(0, 30);
  const body = document.querySelector('#options tbody');
  body.replaceChildren(...found.map((option) => {
    const row = document.createElement('tr');
    const cells = [option.way, option.gpu, fixed(option.month, 2), dollars(option.hour), option.remark];
    row.append(...cells.map((text, place) => {
      const cell = document.createElement('td');
      if (place === 2 || place === 3) cell.className = 'number';
      if (place === 0 && option.url) {
        const link = document.createElement('a');
        link.href = option.url;
        link.rel = 'noopener noreferrer';
        link.textContent = text;
        cell.append(link);
      } else {
        cell.textContent = text;
      }
      return cell;
    }));
    return row;
  }));
  document.querySelector('#options caption').textContent = `The ${found.length} cheapest ways`;
}

function take() {
  for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
    const field = fields.find((one) => one.name === name);
    if (field) field.value = value;
  }
  show();
}

for (const field of fields) field.addEventListener('input', show);
addEventListener('hashchange', take);
take();
