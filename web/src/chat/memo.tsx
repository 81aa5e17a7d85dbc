// Renders a view again only when one of its props is another value: what is finished in a long conversation
// costs nothing while the next word streams in.
import { Component, type FunctionComponent } from "preact";

export function memo<P extends object>(View: FunctionComponent<P>) {
  return class extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      const names = Object.keys(next) as (keyof P)[];
      return (
        names.length !== Object.keys(this.props).length ||
        names.some((name) => next[name] !== this.props[name])
      );
    }
    override render() {
      return <View {...(this.props as P)} />;
    }
  };
}
