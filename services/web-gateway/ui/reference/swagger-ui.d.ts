/** As much of Swagger UI as the reference uses. */
declare module 'swagger-ui-dist/swagger-ui-es-bundle.js' {
  type Node = object | null;
  export type Component = (props: Record<string, string | undefined>) => Node;

  interface System {
    React: {
      createElement: (
        type: string | Component,
        props: object | null,
        ...children: (Node | string | undefined)[]
      ) => Node;
    };
    specSelectors: { specJson(): { hasIn(path: string[]): boolean } };
  }

  type Selector = (state: unknown, path: string, method: string) => boolean;

  /** https://swagger.io/docs/open-source-tools/swagger-ui/customization/plugin-api/ */
  export type Plugin = (system: System) => {
    components?: Record<string, Component>;
    wrapComponents?: Record<string, (original: Component) => Component>;
    statePlugins?: { spec: { wrapSelectors: Record<string, () => Selector> } };
  };

  /** https://swagger.io/docs/open-source-tools/swagger-ui/usage/configuration/ */
  export default function SwaggerUI(options: {
    domNode: HTMLElement | null;
    url: string;
    plugins: Plugin[];
    deepLinking: boolean;
    displayRequestDuration: boolean;
    defaultModelsExpandDepth: number;
    syntaxHighlight: { activated: boolean };
    validatorUrl: null;
  }): void;
}
