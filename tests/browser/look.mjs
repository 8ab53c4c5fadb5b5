// What can be checked of a page's looks by calculation.

/** Runs in the page: what is wrong with it, as texts. */
export const faultsOf = () => {
  const faults = [];
  const show = (element) => `<${element.tagName.toLowerCase()} id="${element.id}" class="${element.className}">`;
  const seen = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest(".unseen, .skip");

  if (!document.documentElement.lang) faults.push("no language");
  if (!document.title) faults.push("no title");
  if (document.querySelectorAll("h1").length !== 1) faults.push(`${document.querySelectorAll("h1").length} h1`);
  if (document.querySelectorAll("main").length !== 1) faults.push("not one main");
  const levels = [...document.querySelectorAll("h1, h2, h3")].filter((h) => h.checkVisibility()).map((h) => Number(h.tagName[1]));
  levels.reduce((above, level) => (level > above + 1 && faults.push(`h${level} below h${above}`), level), 0);
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of ids.filter((id, index) => ids.indexOf(id) !== index)) faults.push(`two have the id ${id}`);
  for (const image of document.querySelectorAll("img:not([alt])")) faults.push(`no alt: ${show(image)}`);
  for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    if (!field.labels?.length && !field.ariaLabel) faults.push(`no label: ${show(field)}`);
  }
  for (const control of document.querySelectorAll("button, a[href], summary")) {
    if (!(control.ariaLabel ?? control.textContent).trim()) faults.push(`no name: ${show(control)}`);
  }
  for (const reference of document.querySelectorAll("[aria-labelledby]")) {
    if (!document.getElementById(reference.getAttribute("aria-labelledby"))) faults.push(`labelled by nothing: ${show(reference)}`);
  }
  for (const element of document.querySelectorAll("[tabindex]")) {
    if (element.tabIndex > 0) faults.push(`out of order: ${show(element)}`);
  }
  for (const element of document.querySelectorAll("[onclick], div[role=button], span[role=button]")) {
    faults.push(`no button: ${show(element)}`);
  }
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) faults.push(`${scrollWidth} wide in ${clientWidth}`);
  for (const control of document.querySelectorAll("button, select, input:not([type=hidden]):not([type=radio])")) {
    const { width, height } = control.getBoundingClientRect();
    if (seen(control) && (width < 24 || height < 24)) faults.push(`too small to hit: ${show(control)}`);
  }

  // Contrast of text, WCAG 2.2 success criterion 1.4.3.
  const parse = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = ([red, green, blue]) => {
    const [r, g, b] = [red, green, blue].map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  for (const element of document.querySelectorAll("body *")) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (!hasText || !seen(element) || element.closest(":disabled, option")) continue;
    const style = getComputedStyle(element);
    const [light, dark] = [luminance(parse(style.color)), luminance(ground(element))].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) faults.push(`contrast ${ratio.toFixed(2)}: ${show(element)} ${element.textContent.trim().slice(0, 30)}`);
  }
  return faults;
};
