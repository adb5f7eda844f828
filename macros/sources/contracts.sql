{# The columns of every raw contract, and which of them are ids that need a namespace. They are
   described in the _<source>__sources.yml files; they stand here too because dbt hides those from
   a model while it reads the project and while it runs unit tests. A test holds the two equal. #}
{% macro contracts() -%}
    {{ return({
        'crm.contacts': {
            'columns': [
                'contact_id', 'customer_id', 'user_id', 'loyalty_id', 'email', 'phone',
                'first_name', 'last_name', 'full_name', 'company', 'date_of_birth',
                'gender', 'language', 'country', 'region', 'city', 'postal_code',
                'address_line', 'lifecycle_status', 'email_opt_in', 'created_at',
                'updated_at', 'loaded_at',
            ],
            'namespaced': [
                'customer_id', 'user_id', 'loyalty_id',
            ],
        },
        'web.events': {
            'columns': [
                'event_id', 'event_name', 'occurred_at', 'user_id', 'email', 'phone',
                'device_id', 'cookie_id', 'order_id', 'session_id', 'page_url', 'referrer',
                'utm_source', 'utm_medium', 'utm_campaign', 'product_id', 'amount',
                'currency', 'quantity', 'properties', 'loaded_at',
            ],
            'namespaced': [
                'user_id', 'device_id', 'cookie_id', 'order_id',
            ],
        },
        'shop.orders': {
            'columns': [
                'order_id', 'customer_id', 'user_id', 'loyalty_id', 'email', 'phone',
                'device_id', 'cookie_id', 'first_name', 'last_name', 'country', 'region',
                'city', 'postal_code', 'address_line', 'order_status', 'ordered_at',
                'amount', 'currency', 'updated_at', 'loaded_at',
            ],
            'namespaced': [
                'order_id', 'customer_id', 'user_id', 'loyalty_id', 'device_id',
                'cookie_id',
            ],
        },
        'shop.order_items': {
            'columns': [
                'order_item_id', 'order_id', 'product_id', 'product_name',
                'product_category', 'quantity', 'unit_price', 'amount', 'updated_at',
                'loaded_at',
            ],
            'namespaced': [
                'order_id',
            ],
        },
    }) }}
{%- endmacro %}
