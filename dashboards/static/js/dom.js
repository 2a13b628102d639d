/**
 * Small ways to write to the page. Text goes in as text, never as markup, so a name can hold
 * anything; a node is touched only when something is different, so a tick costs next to nothing.
 */

/**
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} from
 * @param {string} selector
 * @returns {T}
 */
export function one(from, selector) {
  const found = from.querySelector(selector);
  if (!found) throw new Error(`missing ${selector}`);
  return /** @type {T} */ (/** @type {unknown} */ (found));
}

/**
 * @param {Element} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Set or, with null, remove a `data-` attribute.
 * @param {HTMLElement} node
 * @param {string} name
 * @param {string | null} value
 */
export function setData(node, name, value) {
  if (value === null) {
    if (name in node.dataset) delete node.dataset[name];
  } else if (node.dataset[name] !== value) node.dataset[name] = value;
}

/**
 * @param {HTMLElement} node
 * @param {boolean} shown
 */
export function show(node, shown) {
  if (node.hidden === shown) node.hidden = !shown;
}

/**
 * @param {Element} node
 * @param {string} name
 * @param {string | null} value
 */
export function setAttribute(node, name, value) {
  if (value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/**
 * A copy of the one element in `<template id=…>`.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function stamp(id) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById(id));
  const first = template.content.firstElementChild;
  if (!first) throw new Error(`empty template ${id}`);
  return /** @type {HTMLElement} */ (first.cloneNode(true));
}

/**
 * Point an icon at another symbol of the page's sheet; null shows none.
 * @param {Element} svg
 * @param {string | null} name
 */
export function setIcon(svg, name) {
  svg.classList.toggle("none", name === null);
  if (name) setAttribute(one(svg, "use"), "href", `#i-${name}`);
}

/**
 * Keep a list's children in step with `items`: one child per key, in order, made when missing.
 * @template T
 * @param {HTMLElement} list
 * @param {T[]} items
 * @param {(item: T) => string} keyOf
 * @param {() => HTMLElement} make
 * @param {(node: HTMLElement, item: T, index: number) => void} fill
 */
export function keepList(list, items, keyOf, make, fill) {
  /** @type {Map<string, HTMLElement>} */
  const have = new Map();
  for (const child of list.children) {
    const node = /** @type {HTMLElement} */ (child);
    if (node.dataset.key !== undefined) have.set(node.dataset.key, node);
  }
  items.forEach((item, index) => {
    const key = keyOf(item);
    const node = have.get(key) ?? make();
    have.delete(key);
    node.dataset.key = key;
    if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
    fill(node, item, index);
  });
  for (const node of have.values()) node.remove();
}
