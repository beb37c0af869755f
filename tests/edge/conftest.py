from tests.brokers import broker, embedded_url, mosquitto_url, site

__all__ = ["broker", "embedded_url", "mosquitto_url", "site"]
