/** Whether changes show up without a reload. */
export function LiveMark({ live }: { live: boolean }) {
  return (
    <span
      class={`live ${live ? 'is-live' : ''}`}
      title="Changes made elsewhere show up here without a reload"
    >
      {live ? 'Live' : 'Connecting'}
    </span>
  );
}
