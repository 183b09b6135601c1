import { useState } from 'preact/hooks';
import { say } from '../../state/toasts.js';

/** The API returns one line; this shows its two parts. */
export function AnalysisResult({ processedText }: { processedText: string }) {
  const [, words = '', reversed = processedText] =
    /^Word Count: (\d+) \| Reverse: ([^]*)$/.exec(processedText) ?? [];
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(reversed);
      setCopied(true);
    } catch {
      say('The browser did not allow copying. Select the text and copy it manually.', { tone: 'danger' });
    }
  };
  return (
    <section class="panel result" aria-label="Result">
      <div class="result-figure figures">
        <strong>{Number(words).toLocaleString('en')}</strong>
        <span>{words === '1' ? 'word' : 'words'}</span>
      </div>
      <div class="result-text">
        <div class="result-head">
          <h2 class="h6">Reversed</h2>
          {window.isSecureContext && (
            <button type="button" class="btn btn-sm btn-quiet" onClick={() => void copy()}>
              {copied ? 'Copied' : 'Copy'}
            </button>
          )}
        </div>
        <p class="reversed" dir="auto">
          {reversed}
        </p>
      </div>
    </section>
  );
}
