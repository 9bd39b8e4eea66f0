/* The classes of the layout's space: a list to search and choose from. */

class Palette {
  constructor(root, onPick) {
    this.root = root;
    this.search = root.querySelector(".le-search");
    this.list = root.querySelector(".le-list");
    this.onPick = onPick;
    this.counts = new Uint32Array(256);
    this.search.addEventListener("input", () => this.render());
    this.search.addEventListener("keydown", (event) => this.searchKey(event));
    this.list.addEventListener("click", (event) => this.pick(event.target.closest("[role=option]")));
    this.list.addEventListener("keydown", (event) => this.listKey(event));
  }

  /* Shows a space, how many pixels each class has, and which one is current. */
  show(space, counts, current) {
    if (space !== this.space) this.search.value = "";
    this.space = space;
    this.counts = counts;
    this.total = counts.reduce((sum, count) => sum + count, 0);
    this.current = current;
    this.render();
  }

  render() {
    const found = searchClasses(this.space.classes, this.search.value);
    const groups = this.search.value || found.length <= SMALL_SPACE ? [["", found]] : this.byPresence(found);
    this.list.setAttribute("aria-label", `Classes of ${this.space.title}`);
    this.list.replaceChildren(...groups.filter(([, classes]) => classes.length).flatMap((g) => this.group(...g)));
    this.list.hidden = !found.length;
    this.root.querySelector(".le-none").hidden = found.length > 0;
    this.mark();
  }

  byPresence(classes) {
    const present = (c) => this.counts[c.id] > 0;
    return [
      ["In this layout", classes.filter(present)],
      ["All others", classes.filter((c) => !present(c))],
    ];
  }

  group(title, classes) {
    const options = classes.map((c) => this.option(c));
    if (!title) return options;
    const group = textElement("div", "le-group", "");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", title);
    const heading = textElement("div", "le-heading", title);
    heading.setAttribute("aria-hidden", "true");
    group.append(heading, ...options);
    return [group];
  }

  option(c) {
    const option = textElement("div", "le-option", "");
    option.setAttribute("role", "option");
    option.id = `${this.root.dataset.id}-class-${c.id}`;
    option.dataset.id = c.id;
    option.title = c.name;
    option.append(swatch(c, this.space), textElement("span", "le-name", c.name));
    const share = this.counts[c.id] / this.total;
    option.classList.toggle("le-present", share > 0);
    const percent = share < 0.01 ? "<1" : Math.round(share * 100);
    if (share > 0) option.append(textElement("span", "le-share", `${percent} %`));
    return option;
  }

  /* Marks the current class in the list and names it above the list. */
  mark() {
    for (const option of this.list.querySelectorAll("[role=option]"))
      option.setAttribute("aria-selected", String(Number(option.dataset.id) === this.current.id));
    const selected = this.selected();
    if (selected) this.list.setAttribute("aria-activedescendant", selected.id);
    else this.list.removeAttribute("aria-activedescendant");
    const shown = this.root.querySelector(".le-current");
    shown.replaceChildren(swatch(this.current, this.space), textElement("span", "le-name", this.current.name));
    shown.title = this.current.name;
  }

  select(current) {
    this.current = current;
    this.mark();
    const option = this.selected();
    if (option) scrollInto(this.list, option);
  }

  selected() {
    return this.list.querySelector("[aria-selected=true]");
  }

  pick(option) {
    if (option) this.onPick(this.space.byId[option.dataset.id]);
  }

  searchKey(event) {
    if (event.key === "Enter" || event.key === "ArrowDown") {
      event.preventDefault();
      this.pick(this.list.querySelector("[role=option]"));
      if (event.key === "ArrowDown") this.list.focus();
      else this.finishSearch();
    } else if (event.key === "Escape") this.finishSearch();
  }

  finishSearch() {
    this.search.value = "";
    this.render();
    this.root.querySelector(".le-stage").focus({ preventScroll: true });
  }

  listKey(event) {
    const options = [...this.list.querySelectorAll("[role=option]")];
    const at = options.indexOf(this.selected());
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: options.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.pick(options[Math.min(options.length - 1, Math.max(0, to))]);
  }
}

const SMALL_SPACE = 24; // up to so many classes the list keeps the order of the ids

/* The classes with a word that begins with the text, then those that hold it anywhere. */
function searchClasses(classes, text) {
  const wanted = text.trim().toLowerCase();
  const rank = (c) => {
    const at = c.name.toLowerCase().indexOf(wanted);
    if (at <= 0) return at === 0 ? 0 : -1;
    return c.name.toLowerCase().split(/[^a-z0-9]+/).some((word) => word.startsWith(wanted)) ? 1 : 2;
  };
  return classes.filter((c) => rank(c) >= 0).sort((a, b) => rank(a) - rank(b));
}

/* The class to paint with in a layout: of the same name as before, else the most frequent one, else the first. */
function counterpart(current, layout) {
  const { classes, unknown } = layout.space;
  const counts = layout.counts();
  const known = classes.filter((c) => c.id !== unknown);
  const frequent = known.reduce((best, c) => (counts[c.id] > counts[best.id] ? c : best));
  return classes.find((c) => c.name === current?.name) ?? frequent;
}

function swatch(c, space) {
  const element = textElement("span", "le-swatch", "");
  if (c.id === space.unknown) element.classList.add("le-checkered");
  else element.style.backgroundColor = `rgb(${c.colour.join(" ")})`;
  return element;
}

function textElement(tag, name, text) {
  const element = document.createElement(tag);
  element.className = name;
  element.textContent = text;
  return element;
}

/* Scrolls the list alone: scrollIntoView would move the page too. */
function scrollInto(list, option) {
  const top = option.offsetTop - list.offsetTop;
  if (top < list.scrollTop) list.scrollTop = top;
  else if (top + option.offsetHeight > list.scrollTop + list.clientHeight)
    list.scrollTop = top + option.offsetHeight - list.clientHeight;
}
