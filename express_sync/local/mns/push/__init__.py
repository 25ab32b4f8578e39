"""HTTP push subscriptions: `signer` signs notifications, `sender` sends and retries them."""
