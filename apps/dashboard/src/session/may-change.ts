/** Something of a member, as far as it is asked here who may change it. */
interface Owned {
  readonly mayChange: boolean;
  readonly member: { readonly name: string };
}

/** Why who looks may not change something, as the API decides it; undefined where they may. */
export const whyNot = ({ mayChange, member }: Owned): string | undefined =>
  mayChange
    ? undefined
    : `It is ${member.name}'s: who is no viewer changes their own, maintainers and owners of the team that of others too.`;
