// Time: how much slower a neighbour is while a desk does its worst. The figures are ratios of the same run.
import { held, median, unless, weak } from "./stage.mjs";

function slowed(name, attack, words, work, weakBeyond) {
  return {
    name,
    async attack(stage) {
      const neighbour = await stage.desk();
      const desk = await stage.desk();
      const one = () => work(stage, neighbour);
      const before = await median(5, one);
      await desk.guest(attack, ...words);
      const during = await median(9, one);
      const seen = `${before.toFixed(0)} ms before, ${during.toFixed(0)} ms during (${(during / before).toFixed(1)}×)`;
      const { status } = await desk.request("GET", "system/health");
      if (status !== 200) return weak(`${seen}; the desk itself answers ${status}`);
      return during / before > weakBeyond ? weak(seen) : held(seen);
    },
  };
}

const echo = (stage, neighbour) => neighbour.run("echo 1");
async function start(stage) {
  const { server, session } = await stage.desk();
  await server.json("DELETE", `/api/v1/sessions/${session.id}?purge=true`);
}

export default [
  slowed("a neighbour's shell beside spinning processes", "spin", [8], echo, 4),
  slowed("a new desk beside spinning processes", "spin", [8], start, 4),
  slowed("a neighbour's shell beside a fork bomb", "bomb", [], echo, 6),
  slowed("a new desk beside made and left namespaces", "churn", [], start, 6),
  {
    name: "the desk of a fork bomb can be ended",
    async attack(stage) {
      const desk = await stage.desk();
      await desk.guest("bomb");
      const { status } = await desk.server.request("DELETE", `/api/v1/sessions/${desk.session.id}?purge=true`);
      return unless(status !== 204, `the end was answered with ${status}`);
    },
  },
];
