/* What runs when Gradio has put the element on the page: label spaces, draft, and the editor itself. */

const SPACES = Object.fromEntries(CONFIG.spaces.map((space) => [space.name, prepareSpace(space)]));

/* Adds what drawing and looking up need: classes by id, and the colour of every id as one 32-bit pixel. */
function prepareSpace(space) {
  const classes = space.classes.map(([id, name, colour]) => ({ id, name, colour }));
  const pixels = new Uint32Array(256), edges = new Uint32Array(256); // the edges of a region are drawn darker
  for (const { id, colour } of classes) {
    if (id === space.unknown) continue; // stays transparent, so that the checkered ground shows
    pixels[id] = pixelOf(colour);
    edges[id] = pixelOf(colour.map((channel) => 0.8 * channel));
  }
  return { ...space, classes, pixels, edges, byId: Object.fromEntries(classes.map((c) => [c.id, c])) };
}

function pixelOf([red, green, blue]) {
  return new Uint32Array(Uint8Array.of(red, green, blue, 255).buffer)[0];
}


function layoutOf(value) {
  if (value) return Layout.fromValue(value, SPACES, CONFIG.bounds);
  return Layout.blank(SPACES[CONFIG.blank.space], CONFIG.blank.width, CONFIG.blank.height);
}

/* The draft: the layout of this browser tab, kept over a reload of the page. */
const DRAFT = `layout-editor ${location.pathname} ${CONFIG.id}`;

function saveDraft(json) {
  try {
    sessionStorage.setItem(DRAFT, json);
  } catch {
    sessionStorage.removeItem(DRAFT); // larger than the browser allows: an older draft would mislead
  }
}

function draftLayout() {
  try {
    const value = JSON.parse(sessionStorage.getItem(DRAFT));
    return value && layoutOf(value);
  } catch {
    return null; // of another version of the app
  }
}

function startEditor() {
  const sessions = (window.layoutEditors ??= new Map());
  const given = props.value || null;
  const known = sessions.get(CONFIG.id);
  known?.leave();
  const session = known ?? newSession(given);
  const root = element.querySelector(".le");
  root.dataset.id = CONFIG.id;
  const editor = new Editor(root, session);
  session.leave = () => {
    editor.gone.abort();
    editor.observer.disconnect();
    clearTimeout(editor.timer);
  };
  sessions.set(CONFIG.id, session);
  watch("value", () => editor.receive(props.value || null));
  if (known) editor.receive(given);
  else restoreDraft(editor);
}

/* What outlives the element: Gradio takes it away and makes another when the editor is hidden and shown. */
function newSession(value) {
  const json = JSON.stringify(value); // the value as Gradio has it
  return { layout: layoutOf(value), json, history: new History(), tool: "brush", brush: BRUSH_SIZES.indexOf(24) };
}

function restoreDraft(editor) {
  const draft = draftLayout();
  if (!draft) return;
  editor.replace(draft, "restore");
  if (editor.session.history.done.length) editor.say("The layout from before the reload is back; Undo leaves it.");
  editor.send();
}

startEditor();
