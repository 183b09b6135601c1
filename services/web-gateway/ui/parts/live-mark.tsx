/** Do changes show by themselves? */
export function LiveMark({ live }: { live: boolean }) {
  return (
    <span class={`live ${live ? 'is-live' : ''}`} title="Changes made elsewhere show here by themselves">
      {live ? 'Live' : 'Connecting'}
    </span>
  );
}
