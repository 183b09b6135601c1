import type { Component, Plugin } from 'swagger-ui-dist/swagger-ui-es-bundle.js';

/** What keyboards and screen readers need and Swagger UI lacks: labels, headings in order, no links inside buttons. */
export const accessible: Plugin = ({ React: { createElement } }) => {
  const labelled =
    (Field: Component): Component =>
    (props) =>
      createElement(
        'label',
        null,
        createElement('span', { className: 'visually-hidden' }, props.description),
        createElement(Field, props),
      );
  return {
    components: {
      // The path, inside the button that opens the call. The URL still follows what is opened.
      DeepLink: ({ text }) => createElement('span', null, text),
    },
    wrapComponents: {
      JsonSchema_string: labelled,
      JsonSchema_boolean: labelled,
      TextArea: (TextArea) => (props) => createElement(TextArea, { 'aria-label': 'Request body', ...props }),
      operations: (Operations) => (props) =>
        createElement(
          'section',
          { 'aria-labelledby': 'calls' },
          createElement('h2', { id: 'calls' }, 'Calls'),
          createElement(Operations, props),
        ),
    },
  };
};

/** Specific to this API: there is one server, the one that served the page; and a stream has no end that a form could wait for. */
export const ourApi: Plugin = ({ specSelectors }) => ({
  components: { ServersContainer: () => null },
  statePlugins: {
    spec: {
      wrapSelectors: {
        allowTryItOutFor: () => (_state, path, method) =>
          !specSelectors
            .specJson()
            .hasIn(['paths', path, method, 'responses', '200', 'content', 'text/event-stream']),
      },
    },
  },
});
