// Re-exported, so that programs install only one package.
import "@countersign/auth-core/sm2"
