const view = () => ({
  size: [innerWidth, innerHeight],
  corner: [visualViewport.pageLeft, visualViewport.pageTop],
  scale: devicePixelRatio,
  hidden: page.isHidden(),
  list: mayHaveList(),
  title: page.title(),
  url: location.href,
});

/** Until what was done has been drawn, or would have been. */
const painted = () =>
  new Promise((resolve) => {
    const finish = () => resolve({});
    requestAnimationFrame(() => after(0, finish));
    after(200, finish);
  });

const operations = {
  read,
  text: readText,
  point: pointOf,
  scroll: scrollTo_,
  itself,
  file: fileInput,
  set: setValue,
  finish: finishTyping,
  view,
  closeList,
  frameAt,
  wheelBegins,
  wheelEnds,
  painted,
};
globalThis.carrelPage = (name, options) => {
  forgetLabels();
  forgetHosts();
  return operations[name](options);
};
globalThis.carrelToken = documentToken;
